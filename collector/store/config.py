"""The table [store]: which database keeps the readings, and where it is.

In InfluxDB there are three databases, made of the name in `bucket`: see `StoreConfig.databases`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from core.errors import ConfigError
from core.fields import Days, Filled, url_mistake
from core.options import CHECK
from core.secrets import secret, secret_mistake
from core.tomllines import KeyPath

TOKEN_ENV: Final = "SCHOOLWATCH_INFLUX_TOKEN"  # noqa: S105  # names the variable


def _url_mistake(url: str) -> str:
    example, secrets = "http://127.0.0.1:8086", "token_file, as user:password"
    return url_mistake(url, what="address of a database", example=example, secrets=secrets)


HOURLY, DAILY = "_1h", "_1d"
"""What follows the name of the raw database in those of the rollups."""

SHARD_DAYS: Final = (1, 30, 365)
"""How many days the raw readings, the hours and the days have in one piece of the database. A page
of a day then opens one or two pieces, and so does a report of a year; what is older than the
retention goes a piece at a time."""

Url = Annotated[str, Meta(extra={CHECK: _url_mistake})]


@dataclass(frozen=True, slots=True)
class Database:
    """One database (a bucket), and for how long it is promised to keep what it has."""

    name: str
    keep_days: int


def _token_mistake(file: Path | None) -> str:
    if file is not None and not file.exists():
        init = "`schoolwatch store init` makes it, with its user in the database"
        return f"{file} is not there yet; {init}"
    return "" if file is None else secret_mistake(file)


TokenFile = Annotated[Path | None, Meta(extra={CHECK: _token_mistake})]


class StoreConfig(Struct, frozen=True, kw_only=True):
    """The time-series database; `file` is SQLite's, `url` and what follows InfluxDB's."""

    type: Literal["sqlite", "influxdb"] = "sqlite"
    file: Path | None = None
    keep_days: Days = 90
    keep_hourly_days: Days = 1095
    keep_daily_days: Days = 3650
    url: Url = "http://127.0.0.1:8086"
    org: str = ""
    bucket: Filled = "schoolwatch"
    token_file: TokenFile = None
    timeout_s: Annotated[float, Meta(ge=0.1, le=600)] = 10
    writers: Annotated[int, Meta(ge=1, le=8)] = 1
    max_series: Annotated[int, Meta(ge=10, le=100_000)] = 1_000

    def databases(self) -> tuple[Database, Database, Database]:
        """Return the databases of raw readings, of hours and of days."""
        return (
            Database(self.bucket, self.keep_days),
            Database(self.bucket + HOURLY, self.keep_hourly_days),
            Database(self.bucket + DAILY, self.keep_daily_days),
        )

    def token(self) -> str:
        """Return the token, empty where none is given; raises ConfigError."""
        token = secret(self.token_file, TOKEN_ENV)
        if not token.isascii() or not token.isprintable():
            where = self.token_file or f"the variable {TOKEN_ENV}"
            raise ConfigError(f"{where} holds characters that no token has: one line of ASCII")
        return token


def store_mistakes(store: StoreConfig) -> Iterator[tuple[KeyPath, str]]:
    """Return what is wrong between options that are right alone."""
    if store.type == "influxdb" and store.file is not None:
        yield ("file",), '[store] file is of no use with type = "influxdb"'
    if store.type == "sqlite" and store.token_file is not None:
        yield ("token_file",), '[store] token_file needs type = "influxdb" beside it'
    if store.type == "sqlite" and store.writers > 1:
        yield ("writers",), '[store] writers needs type = "influxdb": a file takes one at a time'
