"""When the watchdog barks: pure, the time comes in.

The state outlives the process, so that a restart neither forgets an alarm nor gives it twice.
"""

from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from core.clock import SECOND

ALARM_AFTER: Final = 120 * SECOND
"""Since the last canary that came round; two of them may be late before anybody is called."""

News = Literal["", "begin", "end"]


class State(Struct, frozen=True):
    """The last canary that came round and the alarm that is open; times in ns, 0 for none.

    `ended_at` is when the last alarm, of that `number`, was over; `told` says whether the last
    message was delivered.
    """

    last_ok: int = 0
    since: int = 0
    why: str = ""
    told: bool = True
    number: int = 0
    ended_at: int = 0


def begun(state: State, at: int) -> State:
    """Return the state of a process that starts at *at*: what was before it, it did not see."""
    return replace(state, last_ok=at)


def came_round(state: State, at: int) -> tuple[State, News]:
    """Hear that a canary came round at *at*."""
    if not state.since:
        return replace(state, last_ok=at), ""
    return State(last_ok=at, told=False, number=state.number, ended_at=at), "end"


def not_known(state: State, at: int) -> State:
    """Hear that there was nobody to ask at *at*: no time passes, and nothing begins or ends."""
    return state if state.since else replace(state, last_ok=at)


def looked(state: State, why: str, at: int) -> tuple[State, News]:
    """Look at the time: *why* is what the last try failed with."""
    if state.since or at - state.last_ok < ALARM_AFTER:
        return state, ""
    begin = replace(state, since=state.last_ok, why=why, told=False, number=state.number + 1)
    return begin, "begin"
