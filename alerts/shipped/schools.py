"""Rules about schools: their links, disks, lines and agents."""

from typing import Final

from alerts.rules import EventOf, Rule, RuleTexts, Sighted, Threshold
from core.alerts import Text

LINK_DOWN: Final = Rule(
    "link_down",
    EventOf("link_down", by="agent"),
    "P3",
    RuleTexts(
        title=Text("链路断开：{where} {what}", "Link down: {what} at {where}"),
        meaning=Text(
            "接在这条链路上的教室或设备现在不能上网，互动课堂和直播课可能无法进行。",
            "Rooms or devices behind this link have no network; live and interactive lessons there "
            "may not work.",
        ),
        first=Text(
            "请先检查网线两端是否插好、交换机是否通电；换一根网线或换一个端口再试。",
            "Check that the cable is plugged in at both ends and the switch has power; then try "
            "another cable or another port.",
        ),
        ended=Text("链路已恢复：{where} {what}", "Link up again: {what} at {where}"),
    ),
    hold_s=30,
)

DISK_FULL: Final = Rule(
    "disk_full",
    Threshold("disk", "used_percent", "path", 90, 85, over=True, unless={"mode": "ro"}),
    "P3",
    RuleTexts(
        title=Text(
            "磁盘空间不足：{where} {what} 已用 {value}%",
            "Disk nearly full: {what} at {where}, {value} % used",
        ),
        meaning=Text(
            "磁盘写满后，课件、录课和日志都无法保存，采集端也会停止记录。",
            "Once it is full, neither courseware nor recordings nor logs can be saved, and the "
            "agent stops recording too.",
        ),
        first=Text(
            "请先清空回收站和不再需要的录课视频，再检查日志和临时文件。",
            "Empty the recycle bin and remove recordings that are not needed any more; then look "
            "at logs and temporary files.",
        ),
        ended=Text("磁盘空间已恢复：{where} {what}", "Disk has room again: {what} at {where}"),
    ),
)

PACKET_LOSS: Final = Rule(
    "packet_loss",
    Threshold("ping", "percent_packet_loss", "url", 5, 2, beside=("family",)),
    "P3",
    RuleTexts(
        title=Text(
            "丢包严重：{where} 到 {what} 丢包 {value}%",
            "Packets are lost: {value} % from {where} to {what}",
        ),
        meaning=Text(
            "视频课会卡顿、掉线，网页打开很慢。",
            "Video lessons stutter or break off, and pages open slowly.",
        ),
        first=Text(
            "请先看是否有人在下载或上传大文件；再重启出口路由器或光猫；仍未恢复请联系运营商。",
            "See whether somebody is moving large files; then restart the router or modem of the "
            "uplink; if it stays, call the carrier.",
        ),
        ended=Text("丢包已恢复正常：{where} 到 {what}", "No more loss: from {where} to {what}"),
    ),
    hold_s=300,
)

AGENT_SILENT: Final = Rule(
    "agent_silent",
    Sighted("agent_silent"),
    "P2",
    RuleTexts(
        title=Text("采集端失联：{where}", "Agent silent: {where}"),
        meaning=Text(
            "现在不知道那里的网络和设备是好是坏，出了故障也不会有人得到通知。",
            "Nobody knows whether network and devices there work; a fault would go unnoticed.",
        ),
        first=Text(
            "请先确认采集端所在的电脑已开机、能上网，再查看采集端程序是否在运行。",
            "Check that the agent's machine is on and has network, then that the agent is running.",
        ),
        ended=Text("采集端已恢复联系：{where}", "Agent heard again: {where}"),
    ),
    # A will comes at once, and the agent is often back at once; silence has lasted already.
    hold_s=180,
)

CLOCK_OFF: Final = Rule(
    "clock_off",
    Sighted("clock_off"),
    "P3",
    RuleTexts(
        title=Text("时钟偏差超过 5 秒：{where}", "Clock off by more than 5 s: {where}"),
        meaning=Text(
            "那台电脑的日志、考试和录课记录的时间是错的，事后对不上；监测读数的时间由采集端自行校正。",
            "Logs, tests and recordings of that machine carry wrong times and cannot be matched; "
            "the agent corrects the times of its own readings.",
        ),
        first=Text(
            "请在那台电脑上打开自动校时（NTP），再核对日期、时间和时区；主板电池没电也会这样。",
            "Turn on time synchronisation (NTP) there, and check date, time and zone; an empty "
            "battery of the mainboard does this too.",
        ),
        ended=Text("时钟已校准：{where}", "Clock right again: {where}"),
    ),
    # A clock that was stepped is often put right by NTP at once; and while an agent checks its
    # clock anew, a minute or two, it cannot say how far it is off, which is no recovery.
    hold_s=120,
    keep_s=300,
    hides=("clock_drifts",),
)

LINE_DOWN: Final = Rule(
    "line_down",
    Sighted("line_down"),
    "P2",
    RuleTexts(
        title=Text("学校线路中断：{where}", "School line down: {where}"),
        meaning=Text(
            "全校不能上网，直播课、互动课堂和网上考试无法进行。",
            "The whole school has no network: no live or interactive lessons, no online tests.",
        ),
        first=Text(
            "请先确认学校是否停电、光猫和出口路由器是否亮灯；重启后仍未恢复请向运营商报障。",
            "Check for a power cut, and the lights of modem and router; restart them, and report "
            "to the carrier if that does not help.",
        ),
        ended=Text("学校线路已恢复：{where}", "School line up again: {where}"),
    ),
    # Of a carrier that falls the lines are known to be cut within a minute of each other; then
    # the carrier is told of, and not each line.
    hold_s=90,
    in_school_time="P1",
    hides=("agent_silent", "target_unreachable", "target_slow", "resolver_fails"),
)

REGION_AWAY: Final = Rule(
    "region_away",
    Sighted("region_away"),
    "P2",
    RuleTexts(
        title=Text(
            "一个区域的多数学校同时失联：{where}（{count} 所学校）",
            "Most of a region fell silent at once: {where} ({count} schools)",
        ),
        meaning=Text(
            "多半是消息服务器、运营商线路或区域机房的故障，不是各校自己的问题。涉及：{schools}",
            "Most likely the broker, a carrier or the region's data centre, not the schools. "
            "Concerned: {schools}",
        ),
        first=Text(
            "请先检查该区域的消息服务器和机房，再联系运营商；不必逐校打电话。",
            "Look at the region's broker and data centre, then call the carrier; no need to call "
            "each school.",
        ),
        ended=Text("区域已恢复：{where}", "Region back: {where}"),
    ),
    in_school_time="P1",
    hides=("line_down", "agent_silent"),
)

CARRIER_AWAY: Final = Rule(
    "carrier_away",
    Sighted("carrier_away"),
    "P2",
    RuleTexts(
        title=Text(
            "运营商线路大面积中断：{what}（{count} 所学校）",
            "A carrier's lines fell at once: {what} ({count} schools)",
        ),
        meaning=Text(
            "这些学校同时断网，直播课和互动课堂无法进行。涉及：{schools}",
            "These schools have no network: no live or interactive lessons. Concerned: {schools}",
        ),
        first=Text(
            "请由区里统一联系该运营商报修；不必逐校打电话。",
            "Let the district call the carrier once for all; no need to call each school.",
        ),
        ended=Text("运营商线路已恢复：{what}", "The carrier's lines are back: {what}"),
    ),
    in_school_time="P1",
)

OWN_LINE: Final = Rule(
    "own_line",
    Sighted("own_line"),
    "P2",
    RuleTexts(
        title=Text(
            "从监测中心探测，所有学校都没有应答（{count} 所）",
            "No school answers the collector from outside ({count})",
        ),
        meaning=Text(
            "多半是监测中心自己的上网线路断了，现在无法判断各校线路的好坏。",
            "Most likely the collector's own line is cut; nothing can be said of the schools.",
        ),
        first=Text(
            "请先检查监测中心自己的上网线路和防火墙。",
            "Look at the collector's own line and firewall first.",
        ),
        ended=Text("监测中心又能探测到学校", "Schools answer the collector again"),
    ),
    hold_s=90,
)
