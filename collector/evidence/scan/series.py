"""Numbers of persons in an InfluxDB: every tag and every text of every measurement."""

from contextlib import closing
from typing import Final

from collector.evidence.scan import values
from collector.evidence.scan.found import Report
from collector.store.influx import InfluxStore
from core import persondata
from core.errors import MonitorError

TEXTS: Final = "string"


def scan_influx(store: InfluxStore, place: str, report: Report) -> None:
    """Search the bucket of *store* in one pass for each measurement; errors are named."""
    report.begin(place)
    try:
        for measurement in store.measurements():
            _scan_names(measurement, store, place, report)
            for tag, value in store.tag_values(measurement):
                _look(report, place, f"{measurement}, tag {tag}", value)
            for field in store.fields_of(measurement, TEXTS):
                with closing(store.texts(measurement, field)) as texts:
                    for value in texts:
                        _look(report, place, f"{measurement}, field {field}", value)
    except MonitorError as error:
        report.trouble(place, error)


def _scan_names(measurement: str, store: InfluxStore, place: str, report: Report) -> None:
    for name in (measurement, *store.fields_of(measurement)):
        for found in persondata.find(name):
            report.hit(place, "in the name of a measurement or field", found)


def _look(report: Report, place: str, where: str, value: str) -> None:
    report.values += 1
    for _, found in values.in_text(value):
        report.hit(place, where, found)
