"""The rules in force: the shipped ones with the operator's file on top, taken over while we run.

A copy of the file as it was last taken stands in the collector's folder, so that a start goes on
with it where somebody has half saved the file: rules that are a day old are better than none.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from alerts.language.file import SHIPPED, Rules, parse_rules
from collector.filewatch import FileWatch
from collector.journal import Journal
from core import disk
from core.errors import ConfigError
from core.tomlfile import content_of

NAME: Final = "rules.last"

_log = logging.getLogger(__name__)


class AlertRules:
    """`now` are the rules in force; `watches` look whether the file has changed."""

    def __init__(
        self, file: Path | None, folder: Path, journal: Journal, take: Callable[[Rules], None]
    ) -> None:
        """Read the file; raises ConfigError where it cannot be used, and none was before."""
        self._copy, self._take = folder / NAME, take
        self.now, self.watches = SHIPPED, list[FileWatch]()
        if file is not None:
            self.now, content = self._at_start(file)
            self.watches = [FileWatch(file, content, _parsed, self._taken, journal)]
            _tell(self.now)

    def _at_start(self, file: Path) -> tuple[Rules, bytes]:
        try:
            content = content_of(file)
            found = parse_rules(file, content)
        except ConfigError as error:
            try:
                content = content_of(self._copy)
                found = parse_rules(self._copy, content)
            except ConfigError:
                raise error from None
            _log.error("%s cannot be used, so what was last taken goes on: %s", file, error)
            return found, content
        self._keep(content)
        return found, content

    def _taken(self, found: Any) -> None:
        rules, content = found
        self._keep(content)
        self.now = rules
        self._take(rules)
        _tell(rules)

    def _keep(self, content: bytes) -> None:
        try:
            disk.replace(self._copy, content, 0o600)
        except OSError as error:
            _log.warning("%s: the rules cannot be kept for the next start: %s", self._copy, error)


def _tell(rules: Rules) -> None:
    """Log what is in force, and by name what is switched off: nobody is told of that any more."""
    off = ", ".join(rules.off) or "none"
    counts = (len(rules.rules), len(rules.own), len(rules.changed))
    _log.info("%d alert rules, %d of them our own and %d changed; switched off: %s", *counts, off)


def _parsed(path: Path, content: bytes) -> tuple[Rules, bytes]:
    return parse_rules(path, content), content
