"""How many examples a run draws."""

import pytest
from hypothesis import settings

from tests import chance
from tests.chance import examples

ASKED = (400, 100, 40, 15, 5)


@pytest.mark.parametrize(
    ("quick", "drawn"), [(True, (100, 25, 10, 10, 5)), (False, ASKED)], ids=["quick", "all"]
)
def test_a_quick_run_draws_a_quarter_and_never_next_to_none(
    quick: bool, drawn: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(chance._drawn, "quick", quick)
    assert tuple(map(examples, ASKED)) == drawn


def test_a_run_is_quick_where_it_leaves_the_slow_tests_out(request: pytest.FixtureRequest) -> None:
    leaves_out = "not slow" in request.config.getoption("markexpr")
    assert settings().max_examples == (25 if leaves_out else 100)
