"""Backups, restores, who joined, what was refused, what changed, personal data."""

from pathlib import Path
from typing import Final

from collector.canary import SCHOOL as CANARY_SCHOOL
from collector.evidence.copying import sums_in
from collector.evidence.report.finding import Counted, Found, Gap
from collector.evidence.report.logtally import Line
from collector.evidence.report.sources import LEDGER, Sources
from collector.filedigest import digest_of
from core import catalog
from core.alerts import Text
from core.clock import SECOND
from core.kinds import KINDS

BACKUP_DAYS: Final = 7
"""A backup that is older is a flaw, one over a month a hole: the standard gives no number."""
OLD_DAYS: Final = 31
DRILL_DAYS: Final = 90
"""Days since the last restore that was tried (I-25)."""
DATABASE: Final = "ledger.db"
LOG: Final = "audit"
CHANGES: Final = (
    *("config_taken", "config_changed", "config_unreadable", "roster_taken"),
    *("roster_unreadable", "silence_made", "silence_ended", "command_run"),
)
_NAMES: Final = {DATABASE: Text("数据库", "database"), LOG: Text("日志", "log")}
ACTS: Final = (
    *("signed_in", "sign_in_failed", "act_refused", "alert_acknowledged", "alert_handled"),
    *("incident_confirmed", "incident_reported", "incident_closed", "command_run"),
)
SCANNED: Final = "privacy_scanned"
_DAY: Final = 86_400 * SECOND


def backups(sources: Sources) -> Found:
    """How old the newest backup of the database is, and how many backups there were."""
    return _backups(sources, DATABASE)


def log_backups(sources: Sources) -> Found:
    """The same of the audit log: a copy of it, or of the database, which has its rows too."""
    return _backups(sources, DATABASE, LOG)


def _backups(sources: Sources, *targets: str) -> Found:
    log = sources.log
    last = log.newest_done("backup_made", *targets)
    counted = log.counted("backup_made")
    if last is None:
        return Found(
            Text("没有成功的数据库备份记录", "no backup of the database on record"),
            counted,
            [
                Gap(
                    Text("从未备份过中心数据库", "the collector's database was never backed up"),
                    Text(
                        "每天运行 schoolwatch collector backup，并把副本和审计目录存到另一台机器",
                        "run schoolwatch collector backup each day, and keep copies elsewhere",
                    ),
                    hole=True,
                )
            ],
        )
    days = _days(sources, last)
    gaps = []
    if days > BACKUP_DAYS:
        gaps.append(
            Gap(
                Text(f"最近一次备份在 {days} 天前", f"the newest backup is {days} days old"),
                Text("立即备份，并安排每天自动备份（docs/backup.md）", "back up now, and each day"),
                hole=days > OLD_DAYS,
            )
        )
    gaps += _copy(last)
    of_database, of_log = (log.succeeded("backup_made", one) for one in (DATABASE, LOG))
    return Found(
        Text(
            f"期内备份数据库 {of_database} 次，复制日志 {of_log} 次；"
            f"{_NAMES[last.target].zh}最近一次 {sources.day(last.received)}"
            f"（{days} 天前，第 {last.row} 行，SHA-256 {_digest(last)}）",
            f"{of_database} backups of the database, {of_log} copies of the log; the newest of the "
            f"{_NAMES[last.target].en} on {sources.day(last.received)} "
            f"({days} days ago, row {last.row}, SHA-256 {_digest(last)})",
        ),
        counted,
        gaps,
    )


def _copy(last: Line) -> list[Gap]:
    """Return what is wrong with the newest copy, where it was put."""
    path = Path(last.subject)
    try:
        good = _is_as_it_was(path, last)
    except OSError:
        return [
            Gap(
                Text(
                    f"副本 {path.name} 不在原处或无法读取，程序看不到它是否在别处",
                    f"the copy {path.name} is not where it was put, or cannot be read",
                ),
                Text(
                    "核对所存副本的 SHA-256，并写入人工说明（异地备份）",
                    "compare the SHA-256 of the copy that you keep, and write a statement",
                ),
                level3=True,
            )
        ]
    if good:
        return []
    return [
        Gap(
            Text(f"副本 {path.name} 与备份时不同", f"the copy {path.name} is not what it was"),
            Text("立即重新备份，并查明原因", "back up again at once, and find out why"),
            hole=True,
        )
    ]


def _is_as_it_was(path: Path, last: Line) -> bool:
    """Return whether a copy is still what was recorded; raises OSError."""
    if last.target != LOG:
        return digest_of(path)[0] == last.said().get("sha256")
    # A later copy into the same folder goes on from this one, and has the sums of all.
    sums = sums_in(path)
    return bool(sums) and all(digest_of(path / name)[0] == sums[name] for name in sums)


def _days(sources: Sources, line: Line) -> int:
    return max(0, sources.now - line.received) // _DAY


def _digest(line: Line) -> str:
    said = line.said()
    return str(said.get("sha256", said.get("root", "–")))[:16]


def drills(sources: Sources) -> Found:
    """When a restore was last tried (I-25)."""
    log = sources.log
    kinds = [kind for kind in ("restore_drilled", "restored") if kind in KINDS]
    tried = log.newest.get("restore_drilled")
    found = [log.newest["restored"]] if "restored" in log.newest else []
    if good := log.newest_done("restore_drilled"):
        found.append(good)
    counted = log.counted(*kinds)
    failed = _failed(sources, tried) if tried and tried.success is False else []
    todo = Text(
        "按 docs/backup.md 在另一台机器上恢复一次，并核对校验值",
        "restore a copy on another machine as docs/backup.md says, and compare its digest",
    )
    if not found:
        return Found(
            Text("没有恢复或演练记录", "no restore or drill on record"),
            counted,
            failed or [Gap(Text("从未做过恢复演练", "a restore was never tried"), todo, hole=True)],
        )
    last = max(found, key=lambda line: line.received)
    days, gaps = _days(sources, last), failed
    if days > DRILL_DAYS:
        gaps.append(
            Gap(Text(f"最近一次恢复在 {days} 天前", f"the last restore was {days} days ago"), todo)
        )
    return Found(
        Text(
            f"最近一次恢复（{last.kind}）在 {days} 天前，第 {last.row} 行",
            f"the last restore ({last.kind}) was {days} days ago, row {last.row}",
        ),
        counted,
        gaps,
    )


def _failed(sources: Sources, line: Line) -> list[Gap]:
    """Return the gap that a drill is that did not work."""
    when, why = sources.day(line.received), str(line.reason or "")[:200]
    return [
        Gap(
            Text(
                f"最近一次恢复演练（{when}，第 {line.row} 行）失败：{why}",
                f"the last drill ({when}, row {line.row}) failed: {why}",
            ),
            Text(
                "查明原因，重新备份，再演练一次（docs/backup.md）",
                "see why, back up anew, and try again (docs/backup.md)",
            ),
            hole=True,
        )
    ]


def baselines(sources: Sources) -> Found:
    """What agents say of their own program and configuration."""
    log = sources.log
    altered = log.count("agent_altered")
    last = log.newest.get("agent_altered")
    gaps = []
    if last is not None and last.active:
        gaps.append(
            Gap(
                Text(
                    f"采集端 {last.target or last.subject} 的程序或配置被改动（第 {last.row} 行）",
                    f"an agent's program or configuration was altered (row {last.row})",
                ),
                Text("核实是否为授权升级，否则重装", "see whether it was meant, else install anew"),
                hole=True,
            )
        )
    return Found(
        Text(
            f"基线记录 {log.count('agent_baseline')} 条，改动事件 {altered} 条"
            "（静态校验，无可信根）",
            f"{log.count('agent_baseline')} baselines, {altered} alterations (static, no root of "
            "trust)",
        ),
        log.counted("agent_baseline", "agent_altered"),
        gaps,
        unknown=not log.count("agent_baseline", "agent_altered"),
    )


def enrolment(sources: Sources) -> Found:
    """Which agents joined, and whether their certificates name them."""
    query = """SELECT id, region, school, agent, born_at FROM agent WHERE school != ?
        AND born_at > 0 ORDER BY id"""
    counted = sources.counted(query, CANARY_SCHOOL)
    mutual = sources.config.broker.cert_file is not None
    strangers = sources.log.newest.get("unknown_school")
    gaps = []
    if not mutual:
        gaps.append(
            Gap(
                Text(
                    "看不到消息服务器要求客户端证书（中心自己没有证书）",
                    "nothing shows that the broker asks for certificates (the collector has none)",
                ),
                Text(
                    "按 docs/deploy.md 为每个采集端发证书，消息服务器按证书名限制主题",
                    "give each agent a certificate (docs/deploy.md); the broker's ACL goes by it",
                ),
                level3=True,
            )
        )
    if strangers is not None and strangers.active:
        gaps.append(
            Gap(
                Text("有不在名册中的学校上报", "a school reports that is not in the list"),
                Text("核实来源，补入名册或吊销证书", "see who it is: list it, or revoke it"),
            )
        )
    (twice,) = (sources.log.count("identity_twice"),)
    if twice:
        gaps.append(
            Gap(
                Text(
                    f"{twice} 次发现两台设备用同一身份",
                    f"two machines used one identity {twice} times",
                ),
                Text("吊销并换发证书", "revoke the certificate, and issue another"),
            )
        )
    return Found(
        Text(
            f"登记的采集端 {counted.count} 个" + ("，双向证书" if mutual else "，无客户端证书"),
            f"{counted.count} agents on record, " + ("mutual TLS" if mutual else "no client TLS"),
        ),
        [counted, *sources.log.counted("unknown_school", "identity_twice", "agent_enrolled")],
        gaps,
        unknown=not counted.count,
    )


def replays(sources: Sources) -> Found:
    """What was refused because it was replayed or forged: counted by the ledger."""
    query = "SELECT agent, epoch, lane, repeats, conflicts FROM lane ORDER BY 1, 2, 3"
    repeats, conflicts, lanes = sources.one(
        "SELECT coalesce(sum(repeats), 0), coalesce(sum(conflicts), 0), count(*) FROM lane"
    )
    log, gaps = sources.log, []
    for kind, zh in (("replay", "重放"), ("forged_batch", "伪造")):
        line = log.newest.get(kind)
        if kind in log.kinds and line is not None and line.active:
            gaps.append(
                Gap(
                    Text(
                        f"{zh}事件 {log.count(kind)} 条，最近在第 {line.row} 行",
                        f"{log.count(kind)} events {kind}, the newest in row {line.row}",
                    ),
                    Text("按 docs/audit-log.md 查明来源，必要时换证书", "see docs/audit-log.md"),
                )
            )
    return Found(
        Text(
            f"重复到达 {repeats} 批（不重复入库），同号不同内容 {conflicts} 批（拒收）",
            f"{repeats} batches came again (stored once), {conflicts} came with other bytes "
            "(refused)",
        ),
        [sources.counted(query), *log.counted("replay", "forged_batch")],
        gaps,
        unknown=not lanes,
    )


def input_checks(sources: Sources) -> Found:
    """What of the input was refused: lines, messages, series."""
    refused, lanes = sources.one("SELECT coalesce(sum(refused_lines), 0), count(*) FROM lane")
    log = sources.log
    kinds = ("unreadable_batch", "too_many_series", "killer_refused", "no_events")
    letters = sorted((sources.folder / "dead-letter").glob("*.jsonl"))
    return Found(
        Text(
            f"拒收 {refused} 行，相关事件 {log.count(*kinds)} 条，死信文件 {len(letters)} 个；"
            "未知字段丢弃并计数",
            f"{refused} lines refused, {log.count(*kinds)} events of it, {len(letters)} files of "
            "dead letters; unknown fields are dropped and counted",
        ),
        [
            sources.counted("SELECT agent, epoch, lane, refused_lines FROM lane ORDER BY 1, 2, 3"),
            *log.counted(*kinds),
        ],
        unknown=not lanes,
    )


def database(sources: Sources) -> Found:
    """Whether the database is whole (a quick check of SQLite over all its pages)."""
    ((pages,),) = sources.rows("PRAGMA page_count")
    ((version,),) = sources.rows("PRAGMA user_version")
    said = Counted(LEDGER, "PRAGMA quick_check", int(pages), "", f"user_version {version}")
    return Found(
        Text(f"数据库 {pages} 页，结构完整", f"a database of {pages} pages, sound"),
        [said],
    )


def acts(sources: Sources) -> Found:
    """What people did, each under a name."""
    log = sources.log
    kinds = [kind for kind in ACTS if kind in KINDS]
    count = log.count(*kinds)
    return Found(
        Text(f"人员操作 {count} 条", f"{count} acts of people"),
        log.counted(*kinds),
        unknown=not count,
    )


def policy_changes(sources: Sources) -> Found:
    """Changes of configuration, roster, rules and silences on record."""
    log = sources.log
    kinds = [kind for kind in CHANGES if kind in KINDS]
    return Found(
        Text(f"策略与配置变更 {log.count(*kinds)} 条", f"{log.count(*kinds)} changes on record"),
        log.counted(*kinds),
        unknown=not log.count(*kinds),
    )


def allow_list(_sources: Sources) -> Found:
    """The published schema is the allow-list: nothing else is stored."""
    fields = sum(len(one.fields) for one in catalog.CATALOG.values())
    return Found(
        Text(
            f"公布的字段 {fields} 个（docs/measurements.md），其余字段丢弃并计数，无个人字段",
            f"{fields} published fields (docs/measurements.md); others are dropped and counted",
        ),
        [Counted("core/catalog.py", "every field", fields, "")],
    )


def person_scan(sources: Sources) -> Found:
    """The last search for identity and phone numbers, where there was one."""
    line = sources.log.newest.get(SCANNED)
    todo = Text(
        "运行 schoolwatch audit scan，对各存储、日志和死信检查身份证号、手机号",
        "run schoolwatch audit scan over stores, logs and dead letters",
    )
    if line is None:
        return Found(
            Text("没有扫描记录", "no scan on record"),
            (),
            [Gap(Text("尚未扫描过个人信息", "nobody scanned for personal data yet"), todo)],
            unknown=True,
        )
    said, days = line.said(), _days(sources, line)
    hits, unread = (_number(said.get(name)) for name in ("findings", "unread"))
    gaps = []
    if hits:
        gaps.append(
            Gap(
                Text(f"扫描发现 {hits} 处疑似个人信息", f"the scan found {hits} places"),
                Text("按扫描结果逐处核实并清除", "look at each of them, and remove what is one"),
                hole=True,
            )
        )
    if unread:
        gaps.append(
            Gap(
                Text(f"扫描时有 {unread} 处无法读取", f"{unread} places could not be read"),
                Text("排除读取故障后重新扫描", "see why, and scan again"),
            )
        )
    if days > DRILL_DAYS:
        gaps.append(Gap(Text(f"扫描在 {days} 天前", f"it was {days} days ago"), todo))
    return Found(
        Text(
            f"最近扫描在 {days} 天前（第 {line.row} 行），发现 {hits} 处",
            f"scanned {days} days ago (row {line.row}), {hits} found",
        ),
        sources.log.counted(SCANNED),
        gaps,
    )


def _number(said: object) -> int:
    return said if isinstance(said, int) else 0


LOOKS: Final = (
    *(backups, log_backups, drills, baselines, enrolment, replays, input_checks, database),
    *(acts, policy_changes, allow_list, person_scan),
)
