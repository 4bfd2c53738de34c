"""What the page about the audit log says."""

from typing import Final

from collector.web.language import Text

EVIDENCE: Final[dict[str, Text]] = {
    "evidence": Text("审计日志", "Audit"),
    "evidence_title": Text("审计日志是否可信", "Whether the audit log can be believed"),
    "evidence_lead": Text(
        "所有安全事件、告警和人员操作都写入一份只能追加的日志，每分钟签名一次；签名由各校采集端和审计主机"
        "分别保存，任何人（包括管理员）事后改动或删减都会被发现。本页是系统自查，不是等级测评。",
        "Security events, alerts and what people did go into a log that is only appended to and "
        "signed each minute. Agents in the schools and the auditor's host hold the signatures, so "
        "that a later change or cut shows, the administrator's too. This is the system's own "
        "check and no assessment.",
    ),
    "evidence_unreadable": Text(
        "日志现在无法读取：{reason}。请管理员检查数据目录；不要移动或修改 audit 目录中的文件。",
        "The log cannot be read now: {reason}. Look at the collector's folder, and move or change "
        "nothing in its folder audit.",
    ),
    "evidence_writing": Text("能否写入", "Writing"),
    "evidence_writing_good": Text("正常写入", "it is written"),
    "evidence_writing_bad": Text(
        "无法写入：{reason}。请检查磁盘空间；恢复前，确认告警、静默等操作会被拒绝。",
        "It cannot be written: {reason}. Look for room on the disk; until then nobody can "
        "acknowledge or silence alerts.",
    ),
    "evidence_oldest": Text("最早的记录", "Oldest record"),
    "evidence_oldest_good": Text(
        "已留存 {days} 天，满足不少于 184 天", "{days} days, more than the 184 that are asked for"
    ),
    "evidence_oldest_young": Text(
        "系统投用 {days} 天，尚未满 184 天；到目前为止一条未少",
        "{days} days since the system began, not yet 184; nothing is missing so far",
    ),
    "evidence_oldest_doubted": Text(
        "系统投用 {days} 天，尚未满 184 天；是否有缺失，见标红的各项",
        "{days} days since the system began, not yet 184; whether anything is missing, see what is "
        "marked red here",
    ),
    "evidence_oldest_bad": Text(
        "只剩 {days} 天，第 {row} 条之前的记录不见了。请从备份恢复，并查明是谁删除的。",
        "Only {days} days are there: the records before number {row} are gone. Put them back from "
        "a backup, and find out who took them away.",
    ),
    "evidence_oldest_unknown": Text("还没有记录", "there is none yet"),
    "evidence_checkpoint": Text("最近一次签名", "Last signature"),
    "evidence_checkpoint_good": Text(
        "{time}，覆盖第 1 至 {rows} 条", "{time}, over records 1 to {rows}"
    ),
    "evidence_checkpoint_bad": Text(
        "签名已停止（上次 {time}，覆盖 {rows} 条）：{reason}",
        "Nothing is signed any more (last {time}, over {rows} records): {reason}",
    ),
    "evidence_checkpoint_unknown": Text("未知", "unknown"),
    "evidence_checkpoint_altered": Text(
        "有记录与已签名的内容不符。请保持现场原样，告知审计员，并用下面的命令查明是哪一条。程序记录：{what}",
        "a record is not what was signed. Keep everything as it is, tell the auditor, and see by "
        "the command below which one. The program says: {what}",
    ),
    "evidence_checkpoint_late": Text("超过 10 分钟没有新的签名", "none for over 10 minutes"),
    "evidence_checkpoint_never": Text("从未", "never"),
    "evidence_witnesses": Text("见证方", "Witnesses"),
    "evidence_witnesses_good": Text(
        "{agree} 个采集端保存的签名与日志一致", "{agree} agents hold signatures that agree"
    ),
    "evidence_witnesses_bad": Text(
        "{differ} 个采集端保存的签名与日志不一致：日志可能被改写、截短，或从旧备份恢复。"
        "请立即告知审计员，保留现场。",
        "{differ} agents hold signatures that do not agree: the log may have been rewritten, cut, "
        "or put back from an old backup. Tell the auditor now, and leave everything as it is.",
    ),
    "evidence_witnesses_unknown": Text(
        "还没有采集端保存签名，因此无法由他人证明日志没有被改写。升级采集端，或设置审计主机。",
        "No agent holds a signature yet, so nobody else can prove that the log was not rewritten. "
        "Upgrade agents, or set up the auditor's host.",
    ),
    "evidence_witnesses_silent": Text(
        "保存签名的采集端都已 7 天以上没有联系，现在无法由他人证明日志没有被改写。"
        "请让采集端恢复在线，或在审计主机上运行 schoolwatch audit witness。",
        "No agent that holds a signature was heard for over 7 days, so nobody else can prove now "
        "that the log was not rewritten. Bring agents back, or run schoolwatch audit witness on "
        "the auditor's host.",
    ),
    "evidence_verdict_silent": Text(
        "曾经一致，7 天以上没有联系", "agreed, not heard for over 7 days"
    ),
    "evidence_verdict_agrees": Text("一致", "agree"),
    "evidence_verdict_restored": Text("已由人确认的恢复", "restored, acknowledged"),
    "evidence_verdict_ahead": Text("比日志多", "hold more than there is"),
    "evidence_verdict_differs": Text("与日志不同", "hold something else"),
    "evidence_verdict_refuses": Text("拒收新签名", "refuse newer ones"),
    "evidence_verdict_nothing": Text("尚未保存", "hold none yet"),
    "evidence_verdict_unknown": Text("无法判断", "cannot be judged"),
    "evidence_sources": Text("外部日志来源", "Logs of other devices"),
    "evidence_sources_good": Text("没有来源中断或缺失的告警", "no source is silent or lost rows"),
    "evidence_sources_bad": Text("有 {n} 条未恢复的告警：", "{n} alerts are open:"),
    "evidence_source_firewall_silent": Text("没有日志到达", "silent"),
    "evidence_source_log_rows_lost": Text("日志有缺失", "rows were lost"),
    "evidence_source_log_keep_short": Text("留存不足 184 天", "kept for under 184 days"),
    "evidence_source_log_day_damaged": Text("已封存的日志被改动", "a sealed day was changed"),
    "evidence_files": Text("文件", "Files"),
    "evidence_counts": Text(
        "共 {rows} 条记录，已封存 {sealed} 个日志文件", "{rows} records, {sealed} files are sealed"
    ),
    "evidence_how": Text("怎样自己核对", "How to check this yourself"),
    "evidence_how_text": Text(
        "不需要相信本页。在监测中心运行下面的命令，或导出后在任何一台电脑上核对（说明见导出包内）。"
        "audit-key.pub.pem 请用您自己保存的公钥，不要用监测中心上的：",
        "You need not believe this page. Run this at the collector, or export and check on any "
        "computer; the export explains itself. As audit-key.pub.pem take the public key that you "
        "keep yourself, not the one at the collector:",
    ),
}
