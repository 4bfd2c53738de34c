"""The functions that read the evidence, by the words that clauses.toml uses."""

from collections.abc import Callable, Mapping
from typing import Final

from collector.evidence.report.finding import Found
from collector.evidence.report.looks import (
    access,
    district,
    handling,
    log,
    network,
    safety,
    transport,
)
from collector.evidence.report.sources import Sources

Look = Callable[[Sources], Found]
"""May raise Unread."""

LOOKS: Final[Mapping[str, Look]] = {
    look.__name__: look
    for module in (access, district, handling, log, network, safety, transport)
    for look in module.LOOKS
}
