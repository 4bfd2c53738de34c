"""Where a collector and an agent keep things, by their configuration: what is searched."""

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from collector.config import CollectorConfig
from collector.evidence.scan.files import scan_path
from collector.evidence.scan.found import Report
from collector.store.choose import ENDINGS
from core.errors import ConfigError

STAFF: Final = "work numbers of staff belong into it (domain.md R-64)"
SPOOL_FOLDER: Final = "var/agent"
"""[spool] folder of an agent that does not say."""
LOG_FOLDER: Final = "log"
"""Beside the folders of a trial."""


def scan_collector(config: CollectorConfig, report: Report) -> None:
    """Search what the collector keeps: its folder, its time series, and the files of staff."""
    folder = config.collector.folder
    for path in _files_of_staff(config):  # first: in a folder nobody would know what they are
        scan_path(path, report, STAFF)
    if not folder.is_dir():
        report.trouble(str(folder), "is not there: no collector has run with this configuration")
    else:
        scan_path(folder, report)
    _scan_store(config, report)
    _scan_logs(folder, report)


def scan_agent(file: Path, report: Report) -> None:
    """Search the spool that the agent's *file* names, and that file; raises ConfigError."""
    try:
        said: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from None
    folder = file.absolute().parent / said.get("spool", {}).get("folder", SPOOL_FOLDER)
    scan_path(file, report)
    if folder.is_dir():
        scan_path(folder, report)
    else:
        report.trouble(str(folder), "is not there: no agent has run with this configuration")


def scan_paths(paths: Iterable[Path], report: Report) -> None:
    """Search *paths*: logs, backups, copies of a disk."""
    for path in paths:
        scan_path(path, report)


def _files_of_staff(config: CollectorConfig) -> Iterator[Path]:
    alerts = config.alerts
    for path in (config.roster.file, alerts.accounts_file, alerts.routing_file):
        if path is not None:
            yield path


def _scan_store(config: CollectorConfig, report: Report) -> None:
    table, folder = config.store, config.collector.folder
    if table.type == "sqlite":
        file = config.store_file()
        if folder.absolute() not in file.absolute().parents:
            for ending in ("", *ENDINGS.values()):
                scan_path(file.with_name(f"{file.stem}{ending}{file.suffix}"), report)
        return
    # What only an InfluxDB needs, and only here.
    from collector.evidence.scan.series import scan_influx  # noqa: PLC0415
    from collector.store.influx import InfluxStore  # noqa: PLC0415

    for ending in ("", *ENDINGS.values()):
        bucket = f"{table.bucket}{ending}"
        store = InfluxStore(
            *(table.url, table.token()), bucket=bucket, org=table.org, timeout_s=table.timeout_s
        )
        try:
            scan_influx(store, f"{table.url} {bucket}", report)
        finally:
            store.close()


def _scan_logs(folder: Path, report: Report) -> None:
    logs = folder.parent / LOG_FOLDER
    if logs.is_dir():
        scan_path(logs, report)
