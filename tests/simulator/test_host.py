"""What a made-up machine measures is what a real agent would send."""

import pytest

from collector.linecheck import LineCheck
from core.clock import SECOND
from core.types import Identity
from simulator.host import Host

NOW = 1_795_374_585 * SECOND


@pytest.mark.parametrize("lines", [1, 6, 8, 40])
def test_a_collector_keeps_every_line_as_a_point_of_its_own(lines: int) -> None:
    host, rounds = Host(7, lines), 5
    made = [line for tick in range(rounds) for line in host.measure(NOW + tick * SECOND)]
    body = b"".join(line + b"\n" for line in made)
    checked = LineCheck().check(body, Identity("330100", "s", "a"), NOW, accounted=True)
    assert (len(checked.lines), checked.refused, checked.stripped) == (lines * rounds, [], 0)


def test_the_same_seed_gives_the_same_readings() -> None:
    first, again, other = (Host(seed).measure(NOW) for seed in (1, 1, 2))
    assert first == again != other
