"""Where the links of panels lead, and what stands where there is nothing to show."""

from grafana.frame import to_board, to_row
from grafana.language import Language


def to_district(t: Language) -> tuple[str, str]:
    """Return a link's title and address: the whole district."""
    return t("返回全区概览", "Back to the district"), to_board(t, "district")


def overview(t: Language) -> tuple[str, str]:
    """Return a link's title and address: the whole district, for a board that is no part of it."""
    return t("全区概览", "District overview"), to_board(t, "district")


def to_school(t: Language) -> tuple[str, str]:
    """Return a link's title and address: the school of this board."""
    return t("返回学校", "Back to the school"), to_board(t, "school")


def to_machine(t: Language) -> tuple[str, str]:
    """Return a link's title and address: the machine of the school's agent."""
    return t("查看采集端所在的机器", "The agent's machine"), to_board(t, "machine")


def open_school(t: Language) -> tuple[str, str]:
    """Return a link's title and address: the school that a row is about."""
    return t("打开学校", "Open the school"), to_row(t, "school")


def nothing(t: Language) -> str:
    """Return what a panel says that has no data for the time that is looked at."""
    return t("这段时间没有数据", "no data in this range")
