"""Opens the store that the configuration names."""

from typing import TYPE_CHECKING

from collector.store.base import Store
from collector.store.sqlite import SqliteStore
from core import clock

if TYPE_CHECKING:
    from collector.config import CollectorConfig


def open_store(config: "CollectorConfig", keep_ns: int, now: clock.Clock = clock.now) -> Store:
    """Return the store of *config*; raises ConfigError, and what its own opening raises.

    InfluxDB need not be there yet: until it is, writes and reads say that it is not.
    """
    table = config.store
    if table.type == "sqlite":
        return SqliteStore(config.store_file(), keep_ns=keep_ns, now=now)
    # 16 MB and a sixth of a second that a collector with SQLite does without.
    from collector.store.influx import InfluxStore  # noqa: PLC0415

    return InfluxStore(
        table.url,
        table.token(),
        bucket=table.bucket,
        org=table.org,
        name=config.collector.id,
        timeout_s=table.timeout_s,
        now=now,
    )
