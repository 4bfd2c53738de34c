"""What a page and a terminal say of the clock of an agent's machine."""

from collector.picture import SchoolView
from collector.web import words
from collector.web.texts import Texts


def offset(offset_ms: float, t: Texts) -> str:
    """Return by how much a clock is off, and in which direction."""
    by = words.milliseconds(abs(offset_ms))
    return t("clock_behind", by=by) if offset_ms < 0 else t("clock_ahead", by=by)


def flag(state: str, offset_ms: float, t: Texts) -> str:
    """Return what somebody has to do about a clock, empty where nothing."""
    if state == "bad":
        return t("clock_bad", off=offset(offset_ms, t))
    return t("clock_warn", off=offset(offset_ms, t)) if state == "warn" else ""


def flags(view: SchoolView, t: Texts) -> list[str]:
    """Return what a list has to say of the clocks of a school's agents."""
    found = (
        (agent.who.agent, flag(agent.clock.state, agent.clock.offset_ms, t))
        for agent in view.agents
    )
    return [f"{name} {wrong}" for name, wrong in found if wrong]
