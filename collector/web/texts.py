"""Every word that the pages say, in Chinese and in English, side by side in one table.

A text is asked for by its key, in a template `{{ t("front_title") }}`; what stands in braces is
filled in. A test compares the table with the templates, so no text is missing and none left over.
"""

from dataclasses import dataclass
from typing import Final

from collector.web.alerttexts import ALERTS
from collector.web.causes import CAUSES
from collector.web.districttexts import DISTRICT
from collector.web.evidencetexts import EVIDENCE
from collector.web.incidenttexts import INCIDENTS
from collector.web.language import HTML_LANG, LANGUAGES, Language, Text
from collector.web.ledgertexts import LEDGER
from collector.web.peopletexts import PEOPLE
from collector.web.roomtexts import ROOMS
from collector.web.rostertexts import ROSTER
from collector.web.securitytexts import SECURITY
from collector.web.supervisiontexts import SUPERVISION
from collector.web.unconnectedtexts import UNCONNECTED

__all__ = ["HTML_LANG", "LANGUAGES", "TEXTS", "Language", "Text", "Texts", "chosen"]


@dataclass(frozen=True, slots=True)
class Texts:
    """The table in one language."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """Return the text called *key* with *values* filled in."""
        return str(getattr(TEXTS[key], self.language)).format(**values)


def chosen(word: str | None, default: Language) -> Language:
    """Return the language that *word* names, else *default*."""
    for known in LANGUAGES:
        if word == known:
            return known
    return default


TEXTS: Final[dict[str, Text]] = {
    # The frame of every page
    "product": Text("校园网络监测", "School network monitoring"),
    "skip": Text("跳到主要内容", "Skip to the content"),
    "languages": Text("语言", "Language"),
    "live": Text("实时", "Live"),
    "lost": Text(
        "与监测中心的连接已断开，下面是 {time} 最后收到的内容，不代表现在的情况。正在自动重连…",
        "The connection to the collector is lost. Below is what it last said at {time}, "
        "not how things are now. Trying again…",
    ),
    "broker_lost": Text(
        "监测中心与消息服务器（MQTT）的连接已断开：现在收不到任何学校的数据，各校状态暂时无法判断。",
        "The collector has no connection to the message broker (MQTT): no school can be heard now, "
        "so what follows cannot be judged.",
    ),
    "not_ready": Text(
        "监测中心暂时无法保存数据（{reason}）。数据仍保留在各采集端，恢复后会自动补传。",
        "The collector cannot store anything now ({reason}). Nothing is lost: the agents keep "
        "their data and send it once this is repaired.",
    ),
    "footer": Text(
        "监测中心 {collector} · 版本 {version} · 时间均为 {zone} 时间",
        "Collector {collector} · version {version} · times are {zone}",
    ),
    "pages_nav": Text("页面", "Pages"),
    "nav_front": Text("概览", "Overview"),
    "self_check": Text(
        "本页内容用于自查，不作为测评结论。", "For self-checking; not an assessment."
    ),
    **CAUSES,
    **DISTRICT,
    **ROSTER,
    **ALERTS,
    **PEOPLE,
    **INCIDENTS,
    **LEDGER,
    **UNCONNECTED,
    **SUPERVISION,
    **EVIDENCE,
    **ROOMS,
    **SECURITY,
    "since": Text("自 {time} 起，已 {lasting}", "since {time}, for {lasting}"),
    # Durations
    "days": Text("{n} 天", "{n} d"),
    "hours": Text("{n} 小时", "{n} h"),
    "minutes": Text("{n} 分钟", "{n} min"),
    "seconds": Text("{n} 秒", "{n} s"),
    "ago": Text("{lasting}前", "{lasting} ago"),
    "just_now": Text("刚刚", "just now"),
    "never": Text("从未", "never"),
    "back": Text("返回全区概览", "Back to the overview"),
    # A school
    "school_code": Text("学校代码 {school}", "School {school}"),
    "region_code": Text("区划代码 {region}", "Region {region}"),
    "agents": Text("采集端", "Agents"),
    "no_agents": Text("这所学校还没有采集端。", "This school has no agent yet."),
    "last_message": Text("最近收到 {when}", "Last heard {when}"),
    # An agent
    "last_known": Text(
        "采集端目前不在线：以下是最后收到的数值，不代表现在。",
        "The agent is not up: these are the last values received, not how things are now.",
    ),
    "no_values": Text(
        "还没有收到数值。采集端启动后约半分钟内会出现。",
        "No values yet. They appear within half a minute of the agent's start.",
    ),
    "values_unreadable": Text(
        "暂时无法从数据库读取数值，因此数值未知：{reason}",
        "The database cannot be read now, so the values are unknown: {reason}",
    ),
    "now_values": Text("当前数值", "Current values"),
    "old_value": Text("{when}的数值", "from {when}"),
    "cpu": Text("处理器", "Processor"),
    "cpu_busy": Text("忙碌时间占比", "of its time busy"),
    "mem": Text("内存", "Memory"),
    "used_of": Text("已用 {used}，共 {total}", "{used} of {total} used"),
    "free_of": Text("剩余 {free}，共 {total}", "{free} of {total} free"),
    "disk": Text("磁盘", "Disk"),
    "fullest": Text("最满的是 {path}", "fullest: {path}"),
    "almost_full": Text("快满了", "almost full"),
    "net": Text("网络", "Network"),
    "down_up": Text("接收 ↓ / 发送 ↑", "in ↓ / out ↑"),
    "ping": Text("网络延迟", "Answer time"),
    "loss_of": Text("丢包 {loss}", "{loss} loss"),
    "no_answer": Text("没有应答", "no answer"),
    "no_such_host": Text("找不到这个地址", "no such host"),
    "unknown_value": Text("未知", "unknown"),
    "disks": Text("磁盘", "Disks"),
    "nics": Text("网络接口", "Network interfaces"),
    "pings": Text("网络连通性", "Reachability"),
    "path": Text("位置", "Mounted at"),
    "use": Text("使用率", "Use"),
    "free": Text("剩余", "Free"),
    "size": Text("容量", "Size"),
    "interface": Text("接口", "Interface"),
    "receiving": Text("接收", "In"),
    "sending": Text("发送", "Out"),
    "received": Text("累计接收", "Received"),
    "sent": Text("累计发送", "Sent"),
    "damaged": Text("出错/丢弃", "Errors/drops"),
    "target": Text("目标", "Target"),
    "target_state": Text("状态", "State"),
    "target_old": Text("超过 10 分钟没有新的测量结果", "nothing measured for more than 10 minutes"),
    "target_agent": Text("采集端不在线，无法判断", "its agent is not up, so nobody can tell"),
    "target_outages": Text(
        "采集端启动以来中断 {n} 次，共 {lasting}",
        "out {n} times since its agent started, {lasting} in all",
    ),
    "answer_time": Text("应答时间", "Answer time"),
    "loss": Text("丢包", "Loss"),
    "others": Text("另有 {n} 个未列出", "{n} more not shown"),
    "about": Text("采集端信息", "About this agent"),
    "version": Text("程序版本", "Version"),
    "started": Text("启动时间", "Started"),
    "heard": Text("最近收到", "Last heard"),
    "held": Text("等待上传", "Waiting to be sent"),
    "held_batches": Text("{n} 批", "{n} batches"),
    "clock": Text("时钟偏差", "Clock offset"),
    "clock_unchecked": Text("未校时", "not checked"),
    "clock_ahead": Text("快 {by}", "{by} ahead"),
    "clock_behind": Text("慢 {by}", "{by} behind"),
    "clock_warn": Text("时钟偏差（{off}），请校时", "clock {off}: set it"),
    "clock_bad": Text(
        "时钟偏差超过 5 秒（{off}），时间不可信，请校时",
        "clock {off}, over 5 s: do not trust its times, set it",
    ),
    "clock_next": Text(
        "请在那台电脑上打开自动校时（NTP），再核对日期、时间和时区。采集端会自行校正读数的时间，"
        "但那台电脑的日志和其他程序记录的时间是错的。",
        "Turn on time synchronisation (NTP) on that machine, and check date, time and zone. The "
        "agent corrects the times of its readings by itself; logs and other programs of that "
        "machine have wrong times.",
    ),
    # Curves
    "curves": Text("最近的变化", "Recent curves"),
    "range": Text("时间范围", "Time range"),
    "range_5m": Text("5 分钟", "5 min"),
    "range_15m": Text("15 分钟", "15 min"),
    "range_1h": Text("1 小时", "1 h"),
    "range_6h": Text("6 小时", "6 h"),
    "range_24h": Text("24 小时", "24 h"),
    "need_script": Text(
        "浏览器没有启用 JavaScript，无法绘制曲线；数值每 {n} 秒随页面刷新。",
        "Curves need JavaScript; without it the values still refresh every {n} seconds.",
    ),
    "chart_cpu": Text("处理器使用率", "Processor use"),
    "chart_mem": Text("内存使用率", "Memory use"),
    "chart_net": Text("网络流量 {interface}", "Traffic on {interface}"),
    "chart_ping": Text("应答时间", "Answer time"),
    "chart_loss": Text("丢包率", "Packet loss"),
    "chart_disk": Text("磁盘使用率", "Disk use"),
    "curve_busy": Text("使用", "busy"),
    "curve_used": Text("已用", "used"),
    "no_points": Text("这段时间没有数据", "No data in this time"),
    "no_curve": Text("曲线暂时无法读取", "The curve cannot be read now"),
    "gap_note": Text("灰色底纹处没有数据", "Shaded: no data"),
    "unit_bits": Text("bps", "bit/s"),
    # Errors
    "error_404": Text("没有这个页面", "There is no such page"),
    "error_404_next": Text(
        "地址可能有误，或者这所学校、这个采集端还没有上报过。",
        "The address may be wrong, or this school or agent has never reported.",
    ),
    "error_other": Text("无法显示这个页面", "This page cannot be shown"),
    "error_other_next": Text(
        "请稍后再试；如果一直这样，请查看监测中心的日志。",
        "Try again later; if it stays like this, look at the collector's log.",
    ),
}
