"""Who is on duty: weekly turns, nights past midnight, swaps, New Year and a clock put forward."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.routing.config import RotaConfig, ShiftConfig, SwapConfig
from alerts.routing.rota import Rota, gaps
from core.clock import SECOND
from tests.alerts.stage import SHANGHAI

MEMBERS = ("wang", "li", "zhao")
NIGHTS = ShiftConfig(begins="17:30", ends="08:00", members=MEMBERS)
WEEKEND = ShiftConfig(days=("sat", "sun"), begins="08:00", ends="17:30", members=MEMBERS)
ROTA = RotaConfig(
    name="night",
    start="2026-12-14",
    shift=(NIGHTS, WEEKEND),
    swap=(SwapConfig(begins="2027-01-01 08:00", ends="2027-01-02 08:00", member="chen"),),
)


def on_duty(text: str, rota: RotaConfig = ROTA, zone: ZoneInfo = SHANGHAI) -> list[str]:
    there = datetime.fromisoformat(text).replace(tzinfo=zone)
    return [*Rota(rota, zone).on_duty(int(there.timestamp()) * SECOND)]


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("2026-12-14 17:29", []),
        ("2026-12-14 17:30", ["wang"]),
        ("2026-12-15 07:59", ["wang"]),
        ("2026-12-15 08:00", []),
        ("2026-12-19 12:00", ["wang"]),
        ("2026-12-21 07:00", ["wang"]),  # Sunday's night still
        ("2026-12-21 18:00", ["li"]),
        ("2026-12-31 23:59", ["zhao"]),
        ("2027-01-01 00:01", ["zhao"]),
        ("2027-01-01 08:00", ["chen"]),
        ("2027-01-02 07:59", ["chen"]),
        ("2027-01-02 08:00", ["zhao"]),
        ("2027-01-04 18:00", ["wang"]),
        ("2026-12-13 20:00", ["zhao"]),  # before the start the turns go on backwards
    ],
)
def test_who_is_on_duty(when: str, who: list[str]) -> None:
    assert on_duty(when) == who


def test_a_clock_put_forward_or_back_leaves_nobody_out() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    always = ShiftConfig(members=("wang",))
    nights = RotaConfig(name="n", start="2026-03-02", shift=(NIGHTS,))
    before, after = (on_duty(f"2026-03-29 {at}", nights, berlin) for at in ("01:59", "03:01"))
    assert before == after != []
    assert on_duty("2026-10-25 02:30", nights, berlin) != []
    every = Rota(RotaConfig(name="n", start="2026-03-02", shift=(always,)), berlin)
    begins = int(datetime(2026, 3, 28, tzinfo=berlin).timestamp())
    for hour in range(72):
        assert every.on_duty((begins + hour * 3_600) * SECOND) == ("wang",)


def test_a_rota_may_live_by_a_clock_of_its_own() -> None:
    rota = RotaConfig(name="n", zone="Europe/Berlin", start="2026-12-14", shift=(NIGHTS,))
    assert on_duty("2026-12-14 18:00", rota) == []
    assert on_duty("2026-12-15 01:00", rota) == ["wang"]


def test_gaps_and_overlaps_are_said_in_words() -> None:
    nobody, several = gaps(ROTA)
    assert nobody == [f"{day} 08:00 to {day} 17:30" for day in ("mon", "tue", "wed", "thu", "fri")]
    assert several == []
    days = ShiftConfig(days=("mon",), begins="07:00", ends="17:30", members=("li",))
    nobody, several = gaps(RotaConfig(name="n", start="2026-12-14", shift=(NIGHTS, days, WEEKEND)))
    assert nobody[0] == "tue 08:00 to tue 17:30"
    assert several == ["mon 07:00 to mon 08:00"]
