"""Opens the store that the configuration names."""

from typing import TYPE_CHECKING, Final, Literal

from collector.store.base import Store
from collector.store.config import DAILY, HOURLY
from collector.store.sqlite import SqliteStore
from core import clock

if TYPE_CHECKING:
    from collector.config import CollectorConfig

ENDINGS: Final = {"hour": HOURLY, "day": DAILY}
"""Of the names of the databases, or files, that rollups are in."""


def open_store(config: "CollectorConfig", keep_ns: int, now: clock.Clock = clock.now) -> Store:
    """Return the store of *config*; raises ConfigError, and what its own opening raises.

    InfluxDB need not be there yet: until it is, writes and reads say that it is not.
    """
    return _opened(config, "", keep_ns, now)


def open_rollup_store(
    config: "CollectorConfig", width: Literal["hour", "day"], keep_ns: int, now: clock.Clock
) -> Store:
    """Return the store for the rollups of *width*, as `open_store` does."""
    return _opened(config, ENDINGS[width], keep_ns, now)


def _opened(config: "CollectorConfig", ending: str, keep_ns: int, now: clock.Clock) -> Store:
    table = config.store
    if table.type == "sqlite":
        file = config.store_file()
        return SqliteStore(
            file.with_name(f"{file.stem}{ending}{file.suffix}"), keep_ns=keep_ns, now=now
        )
    # 16 MB and a sixth of a second that a collector with SQLite does without.
    from collector.store.influx import InfluxStore  # noqa: PLC0415

    return InfluxStore(
        table.url,
        table.token(),
        bucket=f"{table.bucket}{ending}",
        org=table.org,
        name=config.collector.id,
        timeout_s=table.timeout_s,
        now=now,
    )
