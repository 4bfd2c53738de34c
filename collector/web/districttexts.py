"""What the overview of the district says, and what a school's page adds to it."""

from typing import Final

from collector.web.language import Text

DISTRICT: Final[dict[str, Text]] = {
    "front_title": Text("全区概览", "District overview"),
    "front_lead": Text("{schools} 所学校，{agents} 个采集端", "{schools} schools, {agents} agents"),
    "counts": Text("各状态的学校数", "Schools by state"),
    "show_all": Text("显示全部", "Show all"),
    "filtered": Text("只显示：{what}（{n} 所）", "Only: {what} ({n})"),
    "schools": Text("学校", "Schools"),
    "none_here": Text("没有符合条件的学校。", "No such school."),
    "nobody_yet": Text("还没有任何学校上报", "Nothing has reported yet"),
    "nobody_yet_next": Text(
        "监测中心已在运行，正在等待第一个采集端。请在要监测的电脑上启动采集端：",
        "The collector is running and waits for the first agent. Start one on the machine to be "
        "monitored:",
    ),
    "not_counted": Text("另有 {n} 所不计入总数", "{n} more that do not count"),
    "not_counted_title": Text("不计入总数", "Not counted"),
    # One fact about many schools
    "fell_region": Text(
        "区划 {name}：{n} 所学校同时失联，多半是消息服务器或通往它的线路有问题",
        "Region {name}: {n} schools fell silent at once, most likely the broker or the way to it",
    ),
    "fell_carrier": Text(
        "{name}：{n} 所学校的线路同时中断，请由区里统一报修",
        "{name}: the lines of {n} schools fell at once; call the carrier once for all",
    ),
    "fell_own_line": Text(
        "从监测中心探测，{n} 所学校都没有应答：可能是监测中心自己的线路断了{name}",
        "None of {n} schools answers from here: the collector's own line may be cut{name}",
    ),
    # Urban and rural, and what else one may look for
    "areas": Text("城乡与教学点", "Urban, town, rural"),
    "area_unstated": Text("未注明城乡", "area not stated"),
    "teaching_points": Text("其中教学点", "teaching points among them"),
    "only_teaching_points": Text("教学点", "teaching points"),
    "total": Text("合计", "All"),
    "state_not_up": Text("未在线", "Not online"),
    "only_owners_missing": Text("缺责任人", "owners missing"),
    "look_for": Text("筛选", "Look for"),
    "search_name": Text("学校名称或代码", "Name or code of a school"),
    "search": Text("查找", "Search"),
    "every_region": Text("全部区划", "Every region"),
    "in_group": Text("{n} 所", "{n}"),
    "more_in_group": Text("另有 {n} 所，全部显示", "{n} more: show all"),
    "page_of": Text("第 {first}–{last} 所，共 {n} 所", "{first}–{last} of {n}"),
    "page_before": Text("上一页", "Previous"),
    "page_next": Text("下一页", "Next"),
    "pages": Text("翻页", "Pages"),
    # A school
    "line": Text("线路", "Line"),
    "line_state": Text("状态", "State"),
    "from_outside": Text("外部探测", "Outside probes"),
    "outside_answers": Text("有应答：线路通", "answered: the line is up"),
    "outside_no_answer": Text("没有应答：线路不通", "no answer: the line is cut"),
    "outside_blind": Text(
        "所有学校都没有应答，无法判断（请先检查监测中心自己的线路）",
        "no school answers at all, so this proves nothing (look at the collector's own line)",
    ),
    "outside_unproven": Text(
        "登记的地址没有可用的结果，不能作为证据",
        "the addresses have given no usable outcome, so they prove nothing",
    ),
    "outside_not_configured": Text(
        "名册中没有外部探测地址", "the roster names no address to probe"
    ),
    "of_agents": Text("{up} / {n} 个采集端在线", "{up} of {n} agents up"),
}
