"""Why a printer does not print, or soon will not."""

from typing import Final

from core.causes.base import Cause

CAUSES: Final[dict[str, Cause]] = {
    "no_paper": Cause("缺纸", "is out of paper", "在纸盒中加纸", "put paper into its tray"),
    "paper_jam": Cause(
        "卡纸",
        "has a paper jam",
        "按面板提示打开盖板，顺着出纸方向取出纸张",
        "open it as its panel says and pull the paper out the way it runs",
    ),
    "no_toner": Cause(
        "碳粉或墨水用完",
        "is out of toner or ink",
        "更换碳粉盒或墨盒",
        "change its cartridge",
    ),
    "toner_low": Cause(
        "碳粉或墨水不足",
        "will soon be out of toner or ink",
        "准备好新的碳粉盒或墨盒",
        "have a new cartridge at hand",
    ),
    "door_open": Cause("盖板打开", "stands open", "关好所有盖板", "close all its covers"),
    "tray_missing": Cause(
        "纸盒没有装好",
        "lacks a tray",
        "把纸盒推到底",
        "push its trays all the way in",
    ),
    "output_full": Cause("出纸盒已满", "has no room for printed paper", "取走纸张", "empty it"),
    "printer_offline": Cause(
        "打印机处于脱机状态",
        "was set offline",
        "在打印机面板上按“联机”或“继续”",
        "press “online” or “resume” at its panel",
    ),
    "service": Cause(
        "打印机请求维护",
        "asks for service",
        "查看面板提示，联系维修",
        "look at its panel and call for service",
    ),
}
