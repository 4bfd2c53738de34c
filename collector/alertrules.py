"""The rules in force: the shipped ones with the operator's file on top, taken over while we run.

Where somebody has half saved the file, a start goes on with the copy of what was last taken: rules
that are a day old are better than none.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alerts.language.file import SHIPPED, Rules, parse_rules
from collector.filewatch import FileWatch
from collector.journal import Journal
from collector.lastgood import LastGood, at_start

NAME: Final = "rules.last"

_log = logging.getLogger(__name__)


class AlertRules:
    """`now` are the rules in force; `watches` look whether the file has changed."""

    def __init__(
        self, file: Path | None, folder: Path, journal: Journal, take: Callable[[Rules], None]
    ) -> None:
        """Read the file; raises ConfigError where it cannot be used, and none was before."""
        self._take = take
        self.now, self.watches = SHIPPED, list[FileWatch]()
        if file is not None:
            copy = LastGood(folder / NAME)
            self.now, content = at_start(file, copy, parse_rules)
            self.watches = [FileWatch(file, content, parse_rules, self._taken, journal, copy=copy)]
            _tell(self.now)

    def _taken(self, rules: Rules) -> None:
        self.now = rules
        self._take(rules)
        _tell(rules)


def _tell(rules: Rules) -> None:
    """Log what is in force, and by name what is switched off: nobody is told of that any more."""
    off = ", ".join(rules.off) or "none"
    counts = (len(rules.rules), len(rules.own), len(rules.changed))
    _log.info("%d alert rules, %d of them our own and %d changed; switched off: %s", *counts, off)
