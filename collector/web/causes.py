"""What states and causes are called, and what a person does about each.

Keys: `state_` with a state, `cause_` and `next_` with a reason (collector/web/board.py).
"""

from typing import Final

from collector.web.language import Text

CAUSES: Final[dict[str, Text]] = {
    "state_up": Text("在线", "Up"),
    "state_degraded": Text("性能下降", "Degraded"),
    "state_down": Text("中断", "Down"),
    "state_unknown": Text("未知", "Unknown"),
    "state_stopped": Text("已停用", "Stopped"),
    "state_never_seen": Text("从未上报", "Never seen"),
    "cause_silent": Text(
        "采集端与监测中心失去联系：超过 3 分钟没有收到心跳",
        "The agent fell silent: no heartbeat for more than 3 minutes",
    ),
    "next_silent": Text(
        "请先确认采集端所在的电脑已开机、能上网，再查看采集端程序是否在运行。",
        "Check that the agent's machine is on and has network, then that the agent is running.",
    ),
    "cause_will": Text(
        "采集端与监测中心失去联系：连接意外断开，没有再收到心跳",
        "The agent's connection broke off, and no heartbeat came since",
    ),
    "next_will": Text(
        "可能是断电、断网或程序被终止。请先确认那台电脑已开机、能上网，再查看采集端程序是否在运行。",
        "Power, network or the program: check that the machine is on and has network, then that "
        "the agent is running.",
    ),
    "cause_broker": Text(
        "监测中心与消息服务器的连接中断，暂时无法判断",
        "The collector is cut off from the message broker, so this cannot be judged",
    ),
    "next_broker": Text(
        "请检查区里的消息服务器；学校一侧不需要处理。",
        "Look at the district's message broker; nothing to do in the school.",
    ),
    "cause_collector": Text(
        "监测中心自身暂时无法接收数据，或刚刚恢复，正在等待采集端报到",
        "The collector itself cannot take anything in for now, or has just come back and waits for "
        "the agent to report",
    ),
    "next_collector": Text(
        "一般几分钟内自动恢复；如果一直这样，请检查监测中心的磁盘和数据库。学校一侧不需要处理。",
        "Usually settles by itself within minutes; if it lasts, look at the collector's disk and "
        "database. Nothing to do in the school.",
    ),
    "cause_line": Text(
        "学校的线路中断，采集端因此无法上报（外部探测也没有应答）",
        "The school's line is down, so the agent cannot report (nothing answers from outside)",
    ),
    "next_line": Text(
        "先处理学校的线路；线路恢复后采集端会自动补传。",
        "See to the school's line; the agent sends what it kept once the line is back.",
    ),
    "cause_agent": Text(
        "学校的线路正常（外部探测有应答），但采集端没有上报：那台电脑或采集端程序有问题",
        "The school's line answers from outside, but the agent is silent: its machine or the "
        "program is at fault",
    ),
    "next_agent": Text(
        "请确认那台电脑已开机并接好网线，再查看采集端程序是否在运行。",
        "Check that its machine is on and plugged in, then that the agent is running.",
    ),
    "cause_region": Text(
        "本地区多数采集端同时失联：多半是消息服务器或通往它的线路有问题，不是各校的故障",
        "Most agents of this region fell silent at once: most likely the message broker or the "
        "way to it, not each school",
    ),
    "next_region": Text(
        "请检查区里的消息服务器和它的网络；学校一侧不需要处理。",
        "Look at the district's message broker and its network; nothing to do in the school.",
    ),
    "cause_no_answer": Text(
        "学校的线路中断：采集端失联，从外部探测也没有应答",
        "The school's line is down: its agents are silent, and nothing answers from outside",
    ),
    "next_no_answer": Text(
        "请先看学校的光猫和出口路由器是否通电、指示灯是否正常，再联系运营商报修。",
        "Look at the school's modem and router (power, lights), then call the carrier.",
    ),
    "cause_carrier": Text(
        "同一运营商的多数学校同时断线，多半是运营商的故障",
        "Most schools of the same carrier went down at once, so most likely it is the carrier",
    ),
    "next_carrier": Text(
        "请由区里统一联系运营商报修；学校一侧不需要处理。",
        "Let the district call the carrier once for all; nothing to do in the school.",
    ),
    "cause_outside_only": Text(
        "线路正常（外部探测有应答），但学校里没有采集端在上报",
        "The line answers from outside, but no agent inside the school reports",
    ),
    "next_outside_only": Text(
        "线路不需要处理；请查看采集端所在的电脑。",
        "The line is fine; look at the agent's machine.",
    ),
    "cause_own_line": Text(
        "从监测中心探测，所有学校都没有应答：可能是监测中心自己的线路断了，无法判断学校的情况",
        "No school at all answers from here: most likely the collector's own line is cut, so "
        "nothing can be said of the schools",
    ),
    "next_own_line": Text(
        "请先检查监测中心自己的上网线路。", "Look at the collector's own line first."
    ),
    "cause_loss": Text(
        "线路通，但丢包严重，上课时视频和语音可能卡顿",
        "The line is up but loses many packets: video and voice in lessons may stutter",
    ),
    "next_loss": Text(
        "请看是否有人在大量下载；如果一直这样，请联系运营商测试线路。",
        "See whether something downloads heavily; if it lasts, have the carrier test the line.",
    ),
    "cause_unproven": Text(
        "从未收到这所学校的数据，没有在线的证据",
        "Nothing was ever received from this school, so nothing proves that it is online",
    ),
    "next_unproven": Text(
        "请在学校的一台常开电脑上安装并启动采集端。",
        "Install and start an agent on a machine of the school that stays on.",
    ),
    "cause_never_seen": Text("从未收到这个采集端的数据", "Nothing was ever received from it"),
    "next_never_seen": Text(
        "请启动采集端，并核对配置中的地区、学校和名称。",
        "Start the agent, and check region, school and name in its configuration.",
    ),
    "cause_stopped": Text("采集端已正常停止，不是故障", "The agent was stopped on purpose"),
    "next_stopped": Text("需要时重新启动采集端即可。", "Start the agent again when you need it."),
    "cause_all_stopped": Text(
        "采集端已正常停止，线路情况因此未知",
        "Its agents were stopped on purpose, so nothing is known of its line",
    ),
    "next_all_stopped": Text(
        "需要时重新启动采集端即可。", "Start the agent again when you need it."
    ),
}
