"""What a message says of what concerns many schools: how many, the first names, and no dash."""

import pytest

from alerts.shipped import RULES
from alerts.texts import Words, telling_of
from core.alerts import Alert, AlertKey, Text
from tests.alerts.stage import SHANGHAI

NAMES = [f"第{n}小学" for n in range(40)]


def said(details: dict[str, object]) -> Text:
    alert = Alert(AlertKey("broker_away", ""), "P1", state="firing", details=details)
    rules = {rule.name: rule for rule in RULES}
    return telling_of(alert, rules, Words(str, SHANGHAI)).text


def test_a_broker_that_is_away_names_how_many_schools_and_the_first_of_them() -> None:
    text = said({"count": 2, "schools": NAMES[:2]})
    assert "学校的状态都是未知。涉及 2 所学校：第0小学, 第1小学。各校数据" in text.zh
    assert "is unknown. Concerned are 2 schools: 第0小学, 第1小学. Their agents" in text.en


@pytest.mark.parametrize(
    ("named", "more"), [(40, "第29小学 … (+970)。"), (7, "第6小学 … (+993)。")]
)
def test_names_that_are_not_listed_are_counted(named: int, more: str) -> None:
    assert more in said({"count": 1000, "schools": NAMES[:named]}).zh


@pytest.mark.parametrize("details", [{}, {"count": 0, "schools": []}, {"count": 3}])
def test_where_no_school_is_known_nothing_is_said_of_them(details: dict[str, object]) -> None:
    text = said(details)
    assert "学校的状态都是未知。各校数据" in text.zh
    assert "unknown. Their agents" in text.en
