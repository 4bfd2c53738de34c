"""Every word that the pages say, in Chinese and in English, side by side in one table.

A text is asked for by its key, in a template `{{ t("front_title") }}`; what stands in braces is
filled in. A test compares the table with the templates, so no text is missing and none left over.
"""

from dataclasses import dataclass
from typing import Final

from collector.web.causes import CAUSES
from collector.web.language import HTML_LANG, LANGUAGES, Language, Text

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
    "self_check": Text(
        "本页内容用于自查，不作为测评结论。", "For self-checking; not an assessment."
    ),
    **CAUSES,
    "since": Text("自 {time} 起，已 {lasting}", "since {time}, for {lasting}"),
    # Durations
    "days": Text("{n} 天", "{n} d"),
    "hours": Text("{n} 小时", "{n} h"),
    "minutes": Text("{n} 分钟", "{n} min"),
    "seconds": Text("{n} 秒", "{n} s"),
    "ago": Text("{lasting}前", "{lasting} ago"),
    "just_now": Text("刚刚", "just now"),
    "never": Text("从未", "never"),
    # The district
    "front_title": Text("全区概览", "District overview"),
    "front_lead": Text("{schools} 所学校，{agents} 个采集端", "{schools} schools, {agents} agents"),
    "counts": Text("各状态的学校数", "Schools by state"),
    "show_all": Text("显示全部", "Show all"),
    "filtered": Text("只显示：{state}（{n} 所）", "Only: {state} ({n})"),
    "schools": Text("学校", "Schools"),
    "none_in_state": Text("没有处于这个状态的学校。", "No school is in this state."),
    "nobody_yet": Text("还没有任何学校上报", "Nothing has reported yet"),
    "nobody_yet_next": Text(
        "监测中心已在运行，正在等待第一个采集端。请在要监测的电脑上启动采集端：",
        "The collector is running and waits for the first agent. Start one on the machine to be "
        "monitored:",
    ),
    "not_counted": Text("另有 {n} 所不计入总数", "{n} more that do not count"),
    # What the roster says of a school: docs/roster.md
    "standing_unlisted": Text("不在学校名册中", "not in the roster"),
    "standing_merged": Text("已撤并，不计入总数", "merged: does not count"),
    "standing_closed": Text("已停办，不计入总数", "closed: does not count"),
    "standing_not_yet": Text("尚未开办，不计入总数", "not open yet: does not count"),
    "missing_owners": Text("缺责任人：{roles}", "owners missing: {roles}"),
    "role_authority": Text("主管", "authority"),
    "role_operator": Text("运维", "operator"),
    "role_user": Text("使用", "user"),
    "comma": Text("、", ", "),
    "type_primary": Text("小学", "primary school"),
    "type_teaching_point": Text("教学点", "teaching point"),
    "type_junior": Text("初中", "junior middle school"),
    "type_nine_year": Text("九年一贯制", "nine-year school"),
    "type_senior": Text("高中", "senior middle school"),
    "type_secondary": Text("完全中学", "complete middle school"),
    "type_twelve_year": Text("十二年一贯制", "twelve-year school"),
    "type_vocational": Text("中职", "vocational school"),
    "type_special": Text("特殊教育学校", "special-needs school"),
    "type_kindergarten": Text("幼儿园", "kindergarten"),
    "type_other": Text("其他类型", "other type"),
    "area_urban": Text("城区", "urban"),
    "area_town": Text("镇区", "town"),
    "area_rural": Text("乡村", "rural"),
    "link_fibre": Text("光纤", "fibre"),
    "link_private": Text("教育专网", "private network"),
    "link_5g": Text("5G 移动网", "5G"),
    "link_4g": Text("4G 移动网", "4G"),
    "link_adsl": Text("ADSL 宽带", "ADSL"),
    "link_satellite": Text("卫星", "satellite"),
    "contracted": Text("签约 {bandwidth}", "contracted {bandwidth}"),
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
    # The ledger: docs/ledger.md tells more of each
    "ledger": Text("数据台账", "Ledger"),
    "unaccounted": Text(
        "不入台账：数据不带批次头（如 Telegraf），途中丢失无从得知",
        "unaccounted: comes without a header, as from Telegraf; what is lost on the way is not "
        "known",
    ),
    "ledger_nothing": Text(
        "没有带编号的批次，因此无从得知是否有缺失",
        "no batch with a number is known, so whether anything is missing is not known either",
    ),
    "ledger_complete": Text(
        "已收到 {received} 批，无缺失", "{received} batches received, none missing"
    ),
    "ledger_missing": Text(
        "已收到 {received} 批，缺失 {n} 批", "{received} batches received, {n} missing"
    ),
    "ledger_because": Text("{n} 批：{why}", "{n}: {why}"),
    "ledger_since": Text("最迟自 {time} 起缺失", "missing since {time} at the latest"),
    "ledger_unreadable": Text("台账暂时无法读取（{reason}）", "cannot be read now ({reason})"),
    "ledger_refused": Text(
        "数据已损坏，监测中心拒收；原始内容保存在死信文件中",
        "damaged, so the collector refused them; the bytes are in the dead letters",
    ),
    "ledger_expected": Text(
        "等待中：采集端会补传，或者还没有说明", "expected: the agent holds them, or will say"
    ),
    "ledger_ledger_restored": Text(
        "台账恢复自备份或已重建，在此之前是否收到已无从得知",
        "the ledger was restored or begun anew; whether they came before is not known",
    ),
    "ledger_spool_lost": Text(
        "采集端的本地缓存丢失或已损坏，其中未上传的数据已丢失",
        "the agent's spool was lost or damaged, and these with it",
    ),
    "ledger_disk_went_back": Text(
        "采集端的磁盘被还原到早先的状态，之后的数据已丢失",
        "the agent's disk was set back to an earlier state, and lost them",
    ),
    "ledger_gone_with_the_agent": Text(
        "采集端失联的时间已超过其缓存的保存期，其中的数据视为丢失",
        "the agent has been silent for longer than its spool keeps them",
    ),
    "ledger_unexplained": Text(
        "原因不明：这是本系统的故障，请报告",
        "nothing explains it: a fault of ours, please report it",
    ),
    "dropped_full": Text(
        "采集端的本地缓存已满，丢弃了最早的数据", "dropped by the agent: its spool was full"
    ),
    "dropped_old": Text(
        "采集端的数据超过了保存期而被丢弃", "dropped by the agent: older than its spool keeps"
    ),
    "dropped_corrupt": Text(
        "采集端磁盘上的数据已损坏，无法读取", "dropped by the agent: its disk had damaged them"
    ),
    "dropped_other": Text("采集端已丢弃（{why}）", "dropped by the agent ({why})"),
    "ledger_conflicts": Text(
        "{n} 次编号相同而内容不同的上传，已换号重传",
        "{n} times other bytes came under a known number; they were sent again under a new one",
    ),
    "ledger_two": Text(
        "两台电脑在使用同一个身份（{first} 和 {second}）：请给其中一台换一个名称",
        "two machines use this identity ({first} and {second}): give one of them another name",
    ),
    "restored_ledger": Text("台账被还原到早先的状态", "the ledger went back to an earlier state"),
    "restored_takeover": Text(
        "本中心从另一监测中心接管了区域",
        "a region was taken over from another collector",
    ),
    "restored_store": Text(
        "数据库被还原到早先的状态，其后的读数已丢失",
        "the database went back to an earlier state; the readings that came since are lost",
    ),
    "restored_anew": Text(
        "台账已重建，或有采集端从别的监测中心转来",
        "the ledger was begun anew, or agents came that another collector served before",
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
