"""The audit log: what it covers, what a record holds, whether it is whole, kept and guarded."""

from typing import Final

from collector.coverage import BY_ITSELF, COMMANDS, ROUTES, TABLE
from collector.evidence.report import treehealth, watchdog
from collector.evidence.report.finding import Counted, Found, Gap
from collector.evidence.report.sources import Sources
from collector.filedigest import digest_of
from core.alerts import Text
from core.clock import SECOND
from core.law import LOG_DAYS

_DAY: Final = 86_400 * SECOND

_ACTS: Final = {**ROUTES, **COMMANDS}
ACTS: Final = tuple(
    dict.fromkeys(
        [
            *(kind for one in _ACTS.values() for kind in one.kinds),
            *(kind for kinds in BY_ITSELF.values() for kind in kinds),
        ]
    )
)
"""What 8.1.4.3 a asks to be on record: what people do, and what happens by itself."""
REMOVED: Final = "retention_removed"
"""The row that the log has of each segment that was old enough to go."""
STOPS: Final = ("audit_stopped", "collector_started")


def coverage(sources: Sources) -> Found:
    """Which acts leave a record, by the table that names every address and command."""
    log = sources.log
    seen, total = sum(log.count(kind) > 0 for kind in ACTS), log.count(*ACTS)
    kept = sum(bool(one.kinds) for one in _ACTS.values())
    return Found(
        Text(
            f"{len(_ACTS)} 个网页地址、接口和命令中，{kept} 个留下记录，"
            f"其余 {len(_ACTS) - kept} 个不留，各写明理由；"
            f"共 {len(ACTS)} 类记录，期内出现 {seen} 类，共 {total} 条",
            f"of {len(_ACTS)} addresses and commands {kept} leave a record, and of the other "
            f"{len(_ACTS) - kept} it is said why they leave none; of {len(ACTS)} kinds of records "
            f"{seen} occurred, {total} records",
        ),
        [
            Counted("collector/coverage.py", "ROUTES, COMMANDS", len(_ACTS), digest_of(TABLE)[0]),
            *log.counted(*ACTS),
        ],
        unknown=not log.lines,
    )


def record_content(sources: Sources) -> Found:
    """Whether every record has what 8.1.4.3 b asks for."""
    log = sources.log
    full = log.lines - log.before
    gaps = []
    if log.before:
        gaps.append(
            Gap(
                Text(
                    f"{log.before} 条记录由旧版本写入，没有操作者、角色、地址、是否成功、原因",
                    f"{log.before} records are from an earlier version, without actor, role, "
                    "address, success and reason",
                ),
                Text(
                    "旧记录不可补写；升级后的新记录内容完整，保存期满后自然消除",
                    "they cannot be completed; records since the upgrade have it all",
                ),
            )
        )
    for name, count in sorted(log.lacking.items()):
        gaps.append(
            Gap(
                Text(f"{count} 条记录缺少 {name}", f"{count} records lack {name}"),
                Text("请报告此缺陷", "please report this defect"),
                hole=True,
            )
        )
    good = full - max(log.lacking.values(), default=0)
    counted = log.whole()
    return Found(
        Text(
            f"期内 {log.lines} 条，其中 {max(good, 0)} 条含全部要素（时间、操作者、角色、类型、"
            "对象、是否成功、地址、原因）",
            f"{log.lines} records, {max(good, 0)} with every element (times, actor, role, type, "
            "object, success, address, reason)",
        ),
        [counted],
        gaps,
        unknown=not log.lines,
    )


def log_rows(sources: Sources) -> Found:
    """Whether the rows of the log follow each other without a gap (a part of I-24)."""
    log = sources.log
    whole = sum(one.whole for one in log.segments)
    gaps = [
        Gap(
            Text(f"审计日志不连续或损坏：{place}", f"the audit log is damaged: {place}"),
            Text(
                "用 schoolwatch audit verify 查明；保留现场，按 docs/backup.md 取出备份比对",
                "look with schoolwatch audit verify; keep it as it is, and compare a backup",
            ),
            hole=True,
        )
        for place in log.damage
    ]
    return Found(
        Text(
            f"{log.rows} 条，{len(log.segments)} 个文件，其中 {whole} 个行号连续",
            f"{log.rows} records in {len(log.segments)} files, {whole} with rows in sequence",
        ),
        [log.whole()],
        gaps,
        unknown=not log.rows,
    )


def log_tree(sources: Sources) -> Found:
    """What the Merkle tree over the log, its signed heads and its witnesses say."""
    return treehealth.found(sources)


def log_guard(sources: Sources) -> Found:
    """How often the log stopped, whether it runs, and whether somebody else watches."""
    log = sources.log
    stops = log.kinds.get("audit_stopped")
    begun = stops.count - stops.ended if stops else 0
    last = log.newest.get("audit_stopped")
    gaps = []
    if last is not None and last.active:
        gaps.append(
            Gap(
                Text(
                    f"审计日志自第 {last.row} 行起停止写入",
                    f"the audit log has stopped since row {last.row}",
                ),
                Text("清理磁盘空间；看 /readyz 的说明", "make room on the disk; see /readyz"),
                hole=True,
            )
        )
    elif begun:
        gaps.append(
            Gap(
                Text(
                    f"期内停止写入 {begun} 次，均已恢复", f"it stopped {begun} times, and went on"
                ),
                Text("查明原因（磁盘空间、权限）", "find out why (disk, rights)"),
            )
        )
    gaps += watchdog.gaps(sources)
    starts = log.count("collector_started")
    return Found(
        Text(
            f"停止写入 {begun} 次，启动 {starts} 次",
            f"stopped {begun} times, started {starts} times",
        ),
        log.counted(*STOPS),
        gaps,
        unknown=not log.rows,
    )


def retention(sources: Sources) -> Found:
    """The age of the oldest record against six months (I-23), for the log of this system."""
    log = sources.log
    if not log.rows:
        return Found(Text("没有记录", "no record"), [log.whole()], unknown=True)
    days = max(0, sources.now - log.oldest_at) // _DAY
    young, gaps = days < LOG_DAYS, []
    first = log.segments[0].first
    if first > 1 and (young or REMOVED not in log.newest):
        gaps.append(
            Gap(
                Text(
                    f"最早的记录是第 {first} 行，更早的已不在此处",
                    f"the oldest record is row {first}; what was before is not here",
                ),
                Text(
                    "确认更早的记录已按制度归档；不足 184 天时立即从备份取回",
                    "make sure that it was archived; under 184 days bring it back from a backup",
                ),
                hole=young,
            )
        )
    said = f"；系统运行未满 {LOG_DAYS} 天，期满前不作结论" if young and not gaps else ""
    said_en = f"; younger than {LOG_DAYS} days, no verdict yet" if young and not gaps else ""
    return Found(
        Text(
            f"最早记录距今 {days} 天（应不少于 {LOG_DAYS} 天）{said}",
            f"the oldest record is {days} days old (at least {LOG_DAYS}){said_en}",
        ),
        [log.whole(), *log.counted(REMOVED)],
        gaps,
        young=young and not gaps,
    )


LOOKS: Final = (coverage, record_content, log_rows, log_tree, log_guard, retention)
