"""What the pages say of the ledger; docs/ledger.md tells more of each reason."""

from typing import Final

from collector.web.language import Text

LEDGER: Final[dict[str, Text]] = {
    "ledger": Text("数据台账", "Ledger"),
    "ledger_lead": Text(
        "每一批数据都有编号：这里列出缺了哪些、缺自何时、为什么。没有列出的都已收到。",
        "Every batch has a number: here is what is missing, since when and why. What is not "
        "listed has arrived.",
    ),
    "ledger_of_school": Text("查看这所学校的台账", "of this school"),
    "ledger_only_missing": Text("只看有缺失的", "Only those that miss something"),
    "ledger_everybody": Text("全部采集端", "Every agent"),
    "ledger_of": Text("只显示：{what}", "Only: {what}"),
    "ledger_none": Text("没有缺失的数据。", "Nothing is missing."),
    "ledger_nobody": Text("台账里还没有任何采集端。", "The ledger knows no agent yet."),
    "ledger_next": Text("下一页", "Next"),
    "ledger_first": Text("回到第一页", "First page"),
    "ledger_restores": Text("数据库恢复记录", "What went back"),
    "ledger_awaiting": Text(
        "台账恢复后，这个采集端还没有报告它已上传过什么",
        "since the ledger went back this agent has not yet said what it knows",
    ),
    "ledger_cut": Text(
        "缺失涉及的启动周期太多，没有全部列出",
        "it has lost something of more epochs than are listed",
    ),
    "ledger_details": Text("明细（{n} 段）", "Details ({n} ranges)"),
    "ledger_epoch": Text("启动周期", "Epoch"),
    "ledger_lane": Text("类别", "Lane"),
    "ledger_batches": Text("批次", "Batches"),
    "ledger_why": Text("原因", "Why"),
    "ledger_since_head": Text("最迟自", "Since"),
    "ledger_more_ranges": Text("另有 {n} 段", "{n} more ranges"),
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
}
