"""What probes from outside prove, as timelines."""

from collections.abc import Mapping
from dataclasses import replace

from collector.outside import OLD_AFTER, SchoolKey, Seen, after_round, outcome, together
from collector.verdicts import UNSEEN, Outside
from core.clock import SECOND

NOW = 1_795_374_585 * SECOND
MINUTE = 60 * SECOND


def rounds(*answers: tuple[bool, ...], start: int = NOW) -> Seen:
    seen = Seen()
    for number, answered in enumerate(answers):
        seen = after_round(seen, answered, start + number * MINUTE)
    return seen


UP, DOWN = (True, True), (False, False)


def at(seen: Seen) -> Outside:
    return outcome(seen, seen.tried_at)


def test_an_address_that_never_answered_proves_nothing() -> None:
    assert at(rounds(DOWN, DOWN, DOWN)) == UNSEEN


def test_one_way_that_answers_proves_the_line() -> None:
    assert at(rounds((False, True))) == Outside(True, NOW)
    assert at(rounds((False, True), (True, False), UP)) == Outside(True, NOW)


def test_two_rounds_without_an_answer_prove_that_it_is_cut_since_the_first() -> None:
    assert at(rounds(UP, DOWN)) == Outside(True, NOW)
    assert at(rounds(UP, DOWN, DOWN)) == Outside(False, NOW + MINUTE)
    assert at(rounds(UP, DOWN, DOWN, DOWN)) == Outside(False, NOW + MINUTE)
    assert at(rounds(UP, DOWN, UP, DOWN)) == Outside(True, NOW)


def test_after_the_first_round_without_an_answer_the_next_comes_in_seconds() -> None:
    assert rounds(UP).due() - NOW == MINUTE
    doubtful = rounds(UP, DOWN)
    assert doubtful.due() - doubtful.tried_at == 5 * SECOND
    cut = rounds(UP, DOWN, DOWN)
    assert cut.due() - cut.tried_at == MINUTE


def test_a_line_that_answers_again_is_up_from_then_on() -> None:
    assert at(rounds(UP, DOWN, DOWN, UP)) == Outside(True, NOW + 3 * MINUTE)


def test_an_old_outcome_says_nothing_and_so_does_a_round_that_could_ask_nothing() -> None:
    seen = rounds(UP)
    assert outcome(seen, NOW + OLD_AFTER) == Outside(True, NOW)
    assert outcome(seen, NOW + OLD_AFTER + 1) == UNSEEN
    tried = after_round(seen, (), NOW + MINUTE)
    assert tried == replace(seen, tried_at=NOW + MINUTE)
    assert outcome(tried, NOW + OLD_AFTER + 1) == UNSEEN


def school(number: int) -> SchoolKey:
    return ("330100", f"school-{number}")


def lines(up: int, cut: int, since: int = NOW) -> dict[SchoolKey, Outside]:
    found = {school(n): Outside(True, NOW) for n in range(up)}
    return found | {school(up + n): Outside(False, since) for n in range(cut)}


def carriers(found: Mapping[SchoolKey, Outside]) -> dict[SchoolKey, str]:
    return dict.fromkeys(found, "电信")


def test_where_nobody_answers_our_own_line_may_be_cut_so_nothing_is_proven() -> None:
    found = lines(0, 4)
    proof = together(found, carriers(found))
    assert set(proof.schools.values()) == {Outside(None, NOW, blind=True)}
    assert not proof.carriers
    # A single school with addresses cannot be told apart from our own line either, but it is the
    # trial's case: there the agent's silence stands beside it.
    assert together(lines(0, 1), {}).of(school(0)) == Outside(False, NOW)


def test_a_control_address_that_answers_proves_our_own_line() -> None:
    found = lines(0, 4)
    proof = together(found, carriers(found), control_answers=True)
    assert proof.of(school(0)) == Outside(False, NOW)
    assert proof.carriers == {"电信": NOW}


def test_most_lines_of_a_carrier_cut_at_once_are_the_carriers_fault() -> None:
    found = lines(3, 4) | {("330200", "other"): Outside(True, NOW)}
    assert together(found, carriers(found)).carriers == {}
    found = lines(2, 4) | {("330200", "other"): Outside(True, NOW)}
    names = carriers(found) | {("330200", "other"): "移动"}
    assert together(found, names).carriers == {"电信": NOW}
