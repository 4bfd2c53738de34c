"""The table of texts against the templates and the code that ask for them."""

import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from alerts.acks import STAGES, How, Refusal
from alerts.incidents import judging
from alerts.incidents.clocks import State as ClockState
from alerts.incidents.clocks import Step
from alerts.incidents.grades import CONCERNS, SAYABLE
from alerts.people.accounts import ROLES
from collector.evidence.holding import VERDICTS
from collector.evidence.view import SILENT, SOURCES
from collector.ledger import Restored
from collector.reasons import REASONS
from collector.rooms.verdict import RoomState
from collector.roster.school import OWNERS, Link, SchoolType, Standing
from collector.security.sensors import STATES as SENSOR_STATES
from collector.verdicts import State
from collector.web import board, charts, ledger, schools, scope, supervision, texts
from collector.web.pages import alertpages
from collector.web.pages.frame import TOLD
from collector.web.texts import TEXTS, chosen
from core.alerts import Reason
from core.kind import SEVERITIES

WEB = Path(texts.__file__).parent
ASKED = re.compile(r"""\bt\(\s*["'](\w+)["']\s*[,)]""")
FACTS = (
    *("type", "area", "link", "carrier", "contracted", "target"),
    *("classes", "pupils", "rooms", "opened", "closed"),
)
FIGURES = {
    "writing": ("good", "bad"),
    "oldest": ("good", "young", "bad", "unknown"),
    "checkpoint": ("good", "bad", "unknown"),
    "witnesses": ("good", "bad", "unknown"),
    "sources": ("good", "bad"),
}
MUTES = ("calendar", "silence", "maintenance")
MADE = {
    *(f"state_{state}" for state in get_args(State)),
    *(f"{part}_{reason}" for part in ("cause", "next") for reason in get_args(board.Reason)),
    *(f"{part}_{state}" for part in ("room", "rooms") for state in get_args(RoomState)),
    *(f"sensor_{state}" for state in SENSOR_STATES),
    *(f"sensor_next_{state}" for state in SENSOR_STATES if state != "none"),
    *(f"range_{one.name}" for one in charts.RANGES),
    *(f"ledger_{reason}" for reason in REASONS if reason != "dropped"),
    *(f"dropped_{why}" for why in ledger.KNOWN_DROPS),
    *(f"restored_{what}" for what in get_args(Restored)),
    *(key + more for key in ("error_404", "error_other") for more in ("", "_next")),
    *(f"standing_{standing}" for standing in get_args(Standing) if standing != "open"),
    *(f"role_{role}" for role in OWNERS),
    *(f"type_{kind}" for kind in get_args(SchoolType)),
    *(f"area_{area}" for area in scope.AREAS),
    *(f"fell_{what}" for what in ("region", "carrier", "own_line")),
    *(f"outside_{outcome}" for outcome in get_args(schools.Outcome)),
    *(f"fact_{fact}" for fact in FACTS),
    *(f"{key}muted_{why}" for key in ("story_", "") for why in MUTES),
    *(f"story_{key}_{why}" for key in ("from", "until") for why in (*MUTES, "alert")),
    *(f"alerts_{group}{more}" for group in ("muted", "hidden") for more in ("", "_lead")),
    *(f"severity_{severity}" for severity in SEVERITIES),
    *(f"alert_{state}" for state in ("firing", "keeping", "ended")),
    *(f"told_{reason}" for reason in get_args(Reason)),
    *(f"delivery_{state}" for state in ("queued", "sending", "delivered", "undeliverable")),
    *(f"detail_{name}" for name in alertpages.KNOWN_DETAILS),
    *("state_not_up", "nav_front", "unconnected", "supervision", "evidence"),
    *(f"evidence_{figure}" for figure in FIGURES),
    "evidence_oldest_doubted",
    *(f"evidence_{figure}_{state}" for figure, states in FIGURES.items() for state in states),
    *(f"evidence_verdict_{verdict}" for verdict in (*VERDICTS, SILENT)),
    "evidence_witnesses_silent",
    *(f"evidence_source_{rule}" for rule in SOURCES),
    *(f"supervision_column_{name}" for name in supervision.COLUMNS),
    *(f"stage_{stage}" for stage in STAGES),
    *(f"how_{how}" for how in get_args(How)),
    *(f"refused_{why}" for why in get_args(Refusal)),
    *("refused_no_reason", "refused_no_silence", "refused_bad_silence"),
    *(f"refused_{why}" for why in get_args(judging.Refusal)),
    *(f"grade_{grade}" for grade in SAYABLE),
    *(f"concern_{word}" for word in CONCERNS),
    *(f"step_{step}" for step in get_args(Step)),
    *(f"clock_{state}" for state in (*get_args(ClockState), "discovery", "closing")),
    *(f"tag_{tag}" for tag in "PQG"),
    "incident_workdays",
    *(f"role_of_{role}" for role in ROLES),
    *(f"error_{status}{more}" for status in TOLD for more in ("", "_next")),
    *("sign_in_insecure", "sign_in_stale", "sign_in_wait", "sign_in_wrong", "error_409"),
    *("error_audit", "error_audit_next", "refused_audit_stopped"),
    *(f"link_{link}" for link in get_args(Link)),
    *("days", "hours", "minutes", "seconds"),
} - {"cause_", "next_"}
"""Keys that are put together where they are asked for."""


def asked() -> set[str]:
    sources = [*WEB.rglob("*.py"), *WEB.glob("templates/*.html")]
    return {key for path in sources for key in ASKED.findall(path.read_text("utf-8"))}


def test_every_text_that_is_asked_for_is_there_and_none_is_left_over() -> None:
    assert asked() | MADE == set(TEXTS)


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_says_the_same_in_both_languages(key: str) -> None:
    zh, en = TEXTS[key]
    assert zh
    assert en
    places = [{name for _, name, _, _ in Formatter().parse(text)} - {None} for text in (zh, en)]
    assert places[0] == places[1]


@pytest.mark.parametrize("key", sorted(set(TEXTS) - {"unit_bits", "comma", "colon"}))
def test_chinese_is_chinese(key: str) -> None:
    assert re.search("[\u4e00-\u9fff]", TEXTS[key].zh)


def test_a_language_that_nobody_speaks_is_the_configured_one() -> None:
    assert [chosen(word, "zh") for word in ("en", "zh", "fr", "", None)] == [
        "en",
        "zh",
        "zh",
        "zh",
        "zh",
    ]
