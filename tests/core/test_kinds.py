"""The table of kinds is what it is printed as, and gives each code one category."""

from pathlib import Path

from core.alertkinds import OF_ALERTS
from core.kind import SEVERITIES
from core.kinds import KINDS, OTHER, as_markdown, kind_of, kinds_called

PAGE = Path(__file__).parents[2] / "docs/events.md"

# GB/T 20986-2023, the ten categories.
CATEGORIES = {
    *("恶意程序", "网络攻击", "数据安全", "信息内容安全", "设备设施故障"),
    *("违规操作", "安全隐患", "异常行为", "不可抗力", "其他"),
}


def test_the_page_is_what_the_table_prints() -> None:
    again = "run: python -m core.kinds > docs/events.md"
    assert PAGE.read_text(encoding="utf-8") == as_markdown(), again


def test_every_code_has_exactly_one_category_of_the_standard() -> None:
    by_code: dict[str, set[object]] = {}
    for kind in KINDS.values():
        by_code.setdefault(kind.code, set()).add(kind.category)
        assert kind.category.name in CATEGORIES
        assert kind.severity in SEVERITIES
        assert kind.code.startswith("EV-")
        assert kind.zh
        assert kind.en
    assert {code for code, found in by_code.items() if len(found) > 1} == set()


def test_no_word_stands_there_twice() -> None:
    rows = [line for line in as_markdown().splitlines() if "| `EV-" in line]
    assert len(rows) == len(set(rows)) == len(KINDS)


def test_a_kind_is_found_by_its_word_or_by_what_it_is_called() -> None:
    assert kinds_called("alert_raised") == {"alert_raised"}
    assert {"告警", *OF_ALERTS, "alert_acknowledged"} <= kinds_called("告警")
    assert kinds_called("a message about alerts was made") >= {"alert_told"}
    assert kinds_called("dragon_seen") == {"dragon_seen"}


def test_a_kind_that_nobody_knows_counts_as_other() -> None:
    assert kind_of("dragon_seen") is KINDS[OTHER]
    assert kind_of("dragon_seen").code == "EV-OTH"
    assert kind_of("link_down").code == "EV-FLT-SW"
