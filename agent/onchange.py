"""Says that something broke, and that it is well again: each once, however long it lasts."""

import logging
from dataclasses import dataclass, field


@dataclass(slots=True)
class OnChange:
    """Remembers by name what is broken, for one log."""

    log: logging.Logger
    _broken: set[str] = field(default_factory=set)

    def broke(self, name: str, why: str, *, unexpected: bool = False) -> None:
        """Log *why* unless that was said of *name*; with the traceback where *unexpected*."""
        if name not in self._broken:
            self._broken.add(name)
            self.log.warning("%s", why, exc_info=unexpected)

    def forget(self, *names: str) -> None:
        """Take *names* for well without a word: they are not what they were."""
        self._broken -= set(names)

    def well(self, name: str) -> None:
        """Log that *name* works, if it was said that it does not."""
        if name in self._broken:
            self._broken.discard(name)
            self.log.warning("%s: well again", name)
