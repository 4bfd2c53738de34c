"""The life of the trial: every part up in its order, kept up, and down again in the other order."""

import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

from collector.trial import logs
from collector.trial.children import LOOK_S, Child, Part, Say
from core import clock
from core.errors import MonitorError

HURRY_AFTER_S: Final = 0.5
"""Wrappers pass one Ctrl-C on twice, at once; a person who means it needs longer."""


class NotUp(MonitorError):
    """A part of the trial that did not come up; what ran is stopped again."""


class Wish:
    """What the person at the terminal wants: to stop, and then perhaps to stop at once."""

    def __init__(self, monotonic: clock.Monotonic = clock.monotonic) -> None:
        self._monotonic = monotonic
        self._since: float | None = None
        self.hurry = False

    def listen(self) -> None:
        """Take Ctrl-C, a service manager's stop, and the end of the terminal as the wish."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.heard)
        # Who starts us with nohup wants us to outlive the terminal.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self.heard)

    def heard(self, number: int, _: FrameType | None = None) -> None:
        """Note a signal; a second Ctrl-C means now."""
        if self._since is None:
            self._since = self._monotonic()
        elif number == signal.SIGINT and self._monotonic() - self._since > HURRY_AFTER_S:
            self.hurry = True

    @property
    def stop(self) -> bool:
        """Whether anybody wants the trial to end."""
        return self._since is not None


def supervise(
    parts: Sequence[Part],
    wish: Wish,
    say: Say,
    all_up: Callable[[], None],
    patience: float = 60.0,
) -> None:
    """Run *parts* until *wish* says stop; calls *all_up* once when everything does its work.

    Raises NotUp, when everything is stopped again, if a part was not up after *patience*
    seconds, counted for all of them together.
    """
    children = [Child(part, say) for part in parts]
    try:
        if _bring_up(children, wish, say, clock.monotonic() + patience):
            all_up()
            _keep_up(children, wish)
    finally:
        _bring_down(children, wish, say)


def _bring_up(children: Sequence[Child], wish: Wish, say: Say, deadline: float) -> bool:
    """Return whether every part is up; False when somebody wants to stop before that."""
    for position, child in enumerate(children):
        say(f"starting {child.part.name}")
        _start(child)
        while not child.ready():
            _check(children[: position + 1])
            if wish.stop:
                return False
            if clock.monotonic() > deadline:
                raise NotUp(_trouble(child, "was not up in time"))
            time.sleep(LOOK_S)
    _check(children)
    return True


def _start(child: Child) -> None:
    try:
        child.start()
    except OSError as error:
        raise NotUp(f"{child.part.name} cannot be started: {error}") from None


def _check(children: Sequence[Child]) -> None:
    for child in children:
        end = child.end()
        if end:
            raise NotUp(_trouble(child, end))


def _trouble(child: Child, what: str) -> str:
    log = child.part.log
    lines = [f"    {line}" for line in logs.last_lines(log)]
    said = "Its last words:" if lines else "It said nothing."
    return "\n".join([f"{child.part.name} {what}. {said}", *lines, f"  (all of it in {log})"])


def _keep_up(children: Sequence[Child], wish: Wish) -> None:
    while not wish.stop:
        for child in children:
            child.tend()
        time.sleep(LOOK_S)


def _bring_down(children: Sequence[Child], wish: Wish, say: Say) -> None:
    say("stopping")
    for child in reversed(children):
        child.stop(lambda: wish.hurry)
