"""collector.toml: what the collector serves, where it keeps it (configs/collector.toml)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from collector.alertsconfig import AlertsConfig, alerts_mistakes, channels_mistakes
from collector.roster.school import Address
from collector.roster.values import BadValue, address
from collector.store.config import StoreConfig, store_mistakes
from core.brokerconfig import BrokerConfig, broker_mistakes
from core.config import Check, read
from core.errors import ConfigError
from core.fields import (
    Days,
    EditedFile,
    File,
    Filled,
    Host,
    KiloBytesPerSecond,
    Level,
    MegaBytes,
    Port,
    file_mistake,
)
from core.hints import shown
from core.law import LOG_DAYS
from core.options import CHECK
from core.timefields import Zone, zone_mistake
from core.tomllines import KeyPath

STORE_FILE: Final = "store.db"
AUDIT: Final = "audit"
"""The folder of the audit log, in the collector's own."""
KEY_FILE: Final = "audit-key.pem"
"""What signs it, where [collector] audit_key says nothing else."""

C = TypeVar("C", bound="CollectorConfig")


def _regions_mistake(regions: tuple[str, ...]) -> str:
    seen: set[str] = set()
    for region in regions:
        if region in seen:
            return f"names {shown(region)} twice"
        seen.add(region)
    return ""


Regions = Annotated[tuple[Level, ...], Meta(min_length=1, extra={CHECK: _regions_mistake})]


def _days_mistake(days: int) -> str:
    least = f"is under {LOG_DAYS}: the law asks for six months (CSL 23)"
    return "" if days >= LOG_DAYS else f"{days} {least}"


AuditDays = Annotated[int, Meta(le=36_500, extra={CHECK: _days_mistake})]


class CollectorTable(Struct, frozen=True, kw_only=True):
    """Who this collector is, and for whom it collects; times for people are in `zone`.

    Its connections for readings and for the claims of others have certificates of their own where
    the broker takes a certificate's name for the client's: two connections of one name would throw
    each other out.
    `backfill_kb_per_s` is what all backlogs together may bring beside the fresh readings.
    """

    regions: Regions
    id: Level = "d1"
    readings_cert_file: File = None
    readings_key_file: File = None
    claims_cert_file: File = None
    claims_key_file: File = None
    folder: Path = Path("var/collector")
    audit_key: Path | None = None
    audit_days: AuditDays = 400
    audit_copy: Path | None = None
    zone: Zone = "Asia/Shanghai"
    language: Literal["zh", "en"] = "zh"
    claim_wait_s: Annotated[float, Meta(ge=0.1, le=3_600)] = 150
    backfill_kb_per_s: KiloBytesPerSecond = 1_000

    @property
    def ledger_file(self) -> Path:
        """The collector's own database."""
        return self.folder / "ledger.db"

    @property
    def audit_folder(self) -> Path:
        """Where the audit log lies."""
        return self.folder / AUDIT

    @property
    def signing_key(self) -> Path:
        """The private key of the audit log's checkpoints."""
        return self.audit_key or self.folder / KEY_FILE

    def tz(self) -> ZoneInfo:
        """Return the zone that `zone` names; raises ConfigError on a machine without zones."""
        mistake = zone_mistake(self.zone)
        if mistake:
            raise ConfigError(f"[collector] zone {mistake}")
        return ZoneInfo(self.zone)


class RosterConfig(Struct, frozen=True, kw_only=True):
    """The list of schools; without a file every school that reports is unknown."""

    file: EditedFile = None


def _address_mistake(text: str) -> str:
    try:
        address(text)
    except BadValue as error:
        return str(error)
    return ""


Outside = Annotated[str, Meta(extra={CHECK: _address_mistake})]


class OutsideConfig(Struct, frozen=True, kw_only=True):
    """What proves that our own line is up, when no school answers from outside."""

    control: tuple[Outside, ...] = ()

    def addresses(self) -> list[Address]:
        """Return `control` as addresses."""
        return [address(text) for text in self.control]


class UnconnectedConfig(Struct, frozen=True, kw_only=True):
    """After how many hours of school time a school is on the list of those without a network."""

    after_h: Annotated[float, Meta(ge=0.1, le=1_000)] = 24


class TargetsConfig(Struct, frozen=True, kw_only=True):
    """Which web servers are the platforms of state and province, of those that agents probe."""

    platforms: tuple[Filled, ...] = ()


class WatchdogConfig(Struct, frozen=True, kw_only=True):
    """The certificate of the watchdog, which is a client of its own: as an agent's, not ours."""

    cert_file: File = None
    key_file: File = None


class HttpConfig(Struct, frozen=True, kw_only=True):
    """Where pages and API are served; `behind_proxy`: a server before us says who asks."""

    host: Host = "127.0.0.1"
    port: Port = 8480
    behind_proxy: bool = False


class DeadLettersConfig(Struct, frozen=True, kw_only=True):
    """How much of what cannot be stored is kept, and for how long."""

    max_mb: MegaBytes = 100
    keep_days: Days = 30


class CollectorConfig(Struct, frozen=True, kw_only=True):
    """Everything that a collector is told."""

    kind: Literal["collector"] = "collector"
    collector: CollectorTable
    broker: BrokerConfig = BrokerConfig()
    store: StoreConfig = StoreConfig()
    roster: RosterConfig = RosterConfig()
    outside: OutsideConfig = OutsideConfig()
    unconnected: UnconnectedConfig = UnconnectedConfig()
    targets: TargetsConfig = TargetsConfig()
    watchdog: WatchdogConfig = WatchdogConfig()
    http: HttpConfig = HttpConfig()
    dead_letters: DeadLettersConfig = DeadLettersConfig()
    alerts: AlertsConfig = AlertsConfig()

    def store_file(self) -> Path:
        """Return the file of the SQLite store: its own option, else inside the folder."""
        return self.store.file or self.collector.folder / STORE_FILE


def collector_mistakes(table: CollectorTable) -> Iterator[tuple[KeyPath, str]]:
    """Return what is wrong between options that are right alone."""
    for connection in ("readings", "claims"):
        names = (f"{connection}_cert_file", f"{connection}_key_file")
        yield from _halves("collector", {name: getattr(table, name) for name in names})


def roster_mistakes(table: RosterConfig) -> Iterator[tuple[KeyPath, str]]:
    """Return whether the roster is not there."""
    mistake = file_mistake(table.file)
    if mistake:
        yield ("file",), f"[roster] file {mistake}"


def watchdog_mistakes(table: WatchdogConfig) -> Iterator[tuple[KeyPath, str]]:
    """Return what is wrong between options that are right alone."""
    yield from _halves("watchdog", {"cert_file": table.cert_file, "key_file": table.key_file})


def _halves(heading: str, pair: Mapping[str, Path | None]) -> Iterator[tuple[KeyPath, str]]:
    missing = [name for name, file in pair.items() if file is None]
    if len(missing) == 1:
        (given,) = pair.keys() - missing
        yield (given,), f"[{heading}] {given} needs {missing[0]} beside it"


def read_collector(path: Path) -> CollectorConfig:
    """Return what the file at *path* says; raises ConfigError with every mistake in it."""
    return read_as(path, CollectorConfig)


def read_to_start(path: Path) -> CollectorConfig:
    """Return the same, whatever is the matter with the files that people edit meanwhile.

    For programs that are to run all the same: the collector knows what was last taken from them
    (collector/lastgood.py).
    """
    return read_as(path, CollectorConfig, edited_files=False)


def read_as(path: Path, kind: type[C], *, edited_files: bool = True) -> C:
    """Return the same as a *kind*, which asks for less than the collector does.

    *edited_files*: look at the roster and the files of [alerts] too.
    """
    checks: dict[str, Check] = {
        "collector": collector_mistakes,
        "watchdog": watchdog_mistakes,
        "broker": broker_mistakes,
        "store": store_mistakes,
        "alerts": alerts_mistakes if edited_files else channels_mistakes,
    }
    if edited_files:
        checks["roster"] = roster_mistakes
    return read(path, kind, checks)
