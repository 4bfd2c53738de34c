"""The table of states and causes (defaults.md, "Live picture"), row by row."""

import pytest

from collector.verdicts import (
    SILENT_AFTER,
    TOGETHER,
    UNSEEN,
    Known,
    Outside,
    Verdict,
    agent_verdict,
    fell_together,
    line_verdict,
)
from core.clock import SECOND

NOW = 1_795_374_585 * SECOND
LONG_AGO = NOW - 3_600 * SECOND
QUIET_AT = NOW - SILENT_AFTER - 1
WILL_AT, PROBED_AT, REGION_AT = NOW - 50 * SECOND, NOW - 40 * SECOND, NOW - 30 * SECOND

ARRIVING = Known(NOW - 10 * SECOND, LONG_AGO)
SILENT = Known(QUIET_AT, LONG_AGO)
WILL = Known(NOW - 60 * SECOND, WILL_AT, dead=True)
STOPPED = Known(NOW - 60 * SECOND, WILL_AT, stopped=True)
NEVER = Known()

FAILS, ANSWERS = Outside(False, PROBED_AT), Outside(True, LONG_AGO)
BLIND = Outside(None, PROBED_AT, blind=True)

TABLE = {
    "batches arrive": (ARRIVING, UNSEEN, ("up", ""), ("up", "")),
    "batches arrive although the probes fail": (ARRIVING, FAILS, ("up", ""), ("up", "")),
    "a will, probes fail": (WILL, FAILS, ("unknown", "line"), ("down", "no_answer")),
    "silence, probes fail": (SILENT, FAILS, ("unknown", "line"), ("down", "no_answer")),
    "a will, probes answer": (WILL, ANSWERS, ("down", "agent"), ("up", "outside_only")),
    "silence, probes answer": (SILENT, ANSWERS, ("down", "agent"), ("up", "outside_only")),
    "a will, no probes": (WILL, UNSEEN, ("unknown", "will"), ("unknown", "will")),
    "silence, no probes": (SILENT, UNSEEN, ("unknown", "silent"), ("unknown", "silent")),
    "silence, and nobody answers us": (
        SILENT,
        BLIND,
        ("unknown", "silent"),
        ("unknown", "own_line"),
    ),
    "stopped, no probes": (STOPPED, UNSEEN, ("stopped", ""), ("unknown", "")),
    "stopped, probes answer": (STOPPED, ANSWERS, ("stopped", ""), ("up", "outside_only")),
    "stopped, probes fail": (STOPPED, FAILS, ("stopped", ""), ("down", "no_answer")),
    "never reported": (NEVER, UNSEEN, ("never_seen", ""), ("unknown", "unproven")),
    "never reported, probes answer": (NEVER, ANSWERS, ("never_seen", ""), ("unknown", "unproven")),
}


@pytest.mark.parametrize(("known", "outside", "agent", "line"), TABLE.values(), ids=TABLE)
def test_the_table(
    known: Known, outside: Outside, agent: tuple[str, str], line: tuple[str, str]
) -> None:
    verdict = agent_verdict(known, NOW, LONG_AGO, outside)
    assert (verdict.state, verdict.cause) == agent
    found = line_verdict([verdict], outside)
    assert (found.state, found.cause) == line


@pytest.mark.parametrize("known", [ARRIVING, SILENT, WILL])
def test_while_the_collector_is_cut_off_from_the_broker_nobody_is_down(known: Known) -> None:
    verdict = agent_verdict(known, NOW, 0, FAILS)
    assert (verdict.state, verdict.cause) == ("unknown", "broker")
    assert line_verdict([verdict]).cause == "broker"


def test_a_broker_that_is_gone_still_lets_outside_proof_decide_the_line() -> None:
    verdict = agent_verdict(SILENT, NOW, 0, FAILS)
    assert line_verdict([verdict], FAILS) == Verdict("down", "no_answer", PROBED_AT)
    assert line_verdict([verdict], ANSWERS) == Verdict("up", "outside_only", LONG_AGO)


def test_the_cause_of_a_region_sets_the_agent_and_outside_proof_decides_the_line() -> None:
    agent = agent_verdict(WILL, NOW, LONG_AGO, FAILS, REGION_AT)
    assert agent == Verdict("unknown", "region", REGION_AT)
    assert line_verdict([agent], FAILS) == Verdict("down", "no_answer", PROBED_AT)
    assert line_verdict([agent]) == Verdict("unknown", "region", REGION_AT)
    assert agent_verdict(ARRIVING, NOW, LONG_AGO, FAILS, REGION_AT).state == "up"
    assert agent_verdict(STOPPED, NOW, LONG_AGO, FAILS, REGION_AT).state == "stopped"


def test_one_agent_that_is_up_proves_the_line_for_the_others_of_its_school() -> None:
    up = agent_verdict(ARRIVING, NOW, LONG_AGO)
    silent = agent_verdict(SILENT, NOW, LONG_AGO)
    assert silent.state == "unknown"
    assert line_verdict([silent, up], FAILS) == Verdict("up", "", LONG_AGO)


def test_what_the_rules_say_of_a_line_degrades_it_only_while_it_is_up() -> None:
    lossy = Verdict("degraded", "loss", NOW - SECOND)
    up, silent = agent_verdict(ARRIVING, NOW, LONG_AGO), agent_verdict(SILENT, NOW, LONG_AGO)
    assert line_verdict([up], degraded=lossy) == lossy
    assert line_verdict([silent], FAILS, degraded=lossy).state == "down"


def test_a_carrier_that_fell_is_the_cause_of_the_lines_that_it_took_with_it() -> None:
    silent = agent_verdict(SILENT, NOW, LONG_AGO, FAILS)
    assert line_verdict([silent], FAILS, REGION_AT) == Verdict("down", "carrier", PROBED_AT)


def test_silence_counts_from_the_return_of_a_collector_that_was_away() -> None:
    back = NOW - 10 * SECOND
    assert agent_verdict(SILENT, NOW, back) == Verdict("unknown", "collector", back)
    assert agent_verdict(ARRIVING, NOW, NOW).state == "up"
    later = back + SILENT_AFTER + 1
    assert agent_verdict(SILENT, later, back) == Verdict("unknown", "silent", QUIET_AT)


def test_most_of_a_group_lost_at_once_is_one_fact() -> None:
    at_once = [NOW + number * SECOND for number in range(5)]
    assert fell_together(at_once, others=4) == NOW
    assert not fell_together(at_once, others=5)
    assert not fell_together(at_once[:2], others=0)


def test_losses_far_apart_are_not_one_fact() -> None:
    slowly = [NOW + number * TOGETHER for number in range(1, 9)]
    assert not fell_together(slowly, others=3)
    assert fell_together([LONG_AGO, *[NOW] * 4], others=1) == NOW
    assert not fell_together([], others=0)
