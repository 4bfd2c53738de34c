"""The report as one HTML file that needs no network and can be printed."""

from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from collector.coverage import COMMANDS, ROUTES
from collector.evidence.report import words
from collector.evidence.report.judge import Report
from core import clock


def html(report: Report) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader("collector.evidence.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    zone = ZoneInfo(report.zone)
    template = environment.get_template("report.html")
    acts = {**ROUTES, **COMMANDS}
    return template.render(
        report=report, w=words, acts=acts, when=lambda at: clock.minute(at, zone)
    )
