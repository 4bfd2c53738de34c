"""From an event to people and to its end: told, acknowledged, fixed, reported (I-26 to I-28)."""

from typing import Any, Final

from alerts.incidents.clocks import CLOCKS, ClockTable, due, read_incidents
from alerts.incidents.rows import running
from collector.evidence.report.finding import Found, Gap
from collector.evidence.report.sources import Sources, Unread
from core.alertkinds import DELIVERED as SENT
from core.alertkinds import OF_ALERTS, RAISED, TOLD
from core.alerts import Text
from core.clock import SECOND
from core.errors import ConfigError

P1_TOLD: Final = 60 * SECOND
"""An alert that is to be acted upon now should have left within that."""
IN_SPAN: Final = "fired_at >= ? AND fired_at < ?"
DELIVERED: Final = f"""SELECT alert.number, min(alert_outbox.done_at) - alert.fired_at AS took
    FROM alert JOIN alert_told ON alert_told.alert = alert.number
    JOIN alert_outbox ON alert_outbox.message = alert_told.message
    WHERE alert_outbox.state = 'delivered' AND alert.{IN_SPAN.replace(" AND ", " AND alert.")}
    AND (alert.severity = ? OR ? = '') GROUP BY alert.number HAVING took >= 0"""  # noqa: S608
ACKED: Final = f"""SELECT alert.number, alert_ack.at - alert.fired_at AS took
    FROM alert JOIN alert_ack ON alert_ack.alert = alert.number AND alert_ack.undone = 0
    WHERE {IN_SPAN} AND alert_ack.at >= alert.fired_at"""  # noqa: S608
VERIFIED: Final = f"""SELECT alert.number, alert_stage.at - alert.fired_at AS took
    FROM alert JOIN alert_stage ON alert_stage.alert = alert.number AND stage = 'verify'
    WHERE {IN_SPAN} AND alert_stage.at >= alert.fired_at"""  # noqa: S608
FIRED: Final = f"SELECT number, rule, severity, fired_at FROM alert WHERE {IN_SPAN}"  # noqa: S608
DUE: Final = """SELECT number, due_at, closed_at FROM alert_follow
    WHERE due_at >= ? AND due_at < ? ORDER BY number"""


def median(sources: Sources, query: str, *values: Any) -> tuple[int, int | None]:
    """Return how many rows *query* has and the median of their column `took`, by the database."""
    (count,) = sources.one(f"SELECT count(*) FROM ({query})", *values)  # noqa: S608
    if not count:
        return 0, None
    ordered = f"SELECT took FROM ({query}) ORDER BY took LIMIT ? OFFSET ?"  # noqa: S608
    middle = [took for (took,) in sources.rows(ordered, *values, 2 - count % 2, (count - 1) // 2)]
    return count, sum(middle) // len(middle)


def delivery(sources: Sources) -> Found:
    """How long it took until a channel had taken the first message about an alert."""
    sources.need("alert", "alert_outbox", "alert_told")
    span = (sources.span.start, sources.span.stop)
    told, middle = median(sources, DELIVERED, *span, "", "")
    urgent, urgent_middle = median(sources, DELIVERED, *span, "P1", "P1")
    (lost,) = sources.one(
        "SELECT count(*) FROM alert_outbox JOIN alert_message ON message = number "
        "WHERE state = 'undeliverable' AND at >= ? AND at < ?",
        *span,
    )
    gaps = []
    if not sources.config.alerts.all_channels():
        gaps.append(
            Gap(
                Text("没有配置任何告警通道，只写入日志", "no channel is set up; only a log is"),
                Text(
                    "配置企业微信、钉钉、飞书或邮件，并用 schoolwatch notify test 试发",
                    "set one up, and try it with schoolwatch notify test",
                ),
                hole=True,
            )
        )
    if lost:
        gaps.append(
            Gap(
                Text(f"{lost} 条消息未能送达", f"{lost} messages could not be delivered"),
                Text("查看通道状态，设置备用通道（docs/channels.md）", "see docs/channels.md"),
            )
        )
    if urgent_middle is not None and urgent_middle > P1_TOLD:
        gaps.append(
            Gap(
                Text(
                    f"P1 告警送达的中位时间 {_time(urgent_middle)}，超过 1 分钟",
                    f"the median delivery of P1 took {_time(urgent_middle)}, over a minute",
                ),
                Text("检查通道限速和网络", "look at limits and network of the channels"),
            )
        )
    return Found(
        Text(
            f"送达 {told} 个告警，中位用时 {_time(middle)}；P1 共 {urgent} 个，中位 "
            f"{_time(urgent_middle)}；未送达消息 {lost} 条",
            f"{told} alerts delivered, median {_time(middle)}; of P1 {urgent}, median "
            f"{_time(urgent_middle)}; {lost} messages undelivered",
        ),
        [
            sources.counted(f"{DELIVERED} ORDER BY 1", *span, "", ""),
            *sources.log.counted(TOLD, SENT),
        ],
        gaps,
        unknown=not told and not lost and not gaps,
    )


def handling(sources: Sources) -> Found:
    """Whether events become alerts that people take care of in time (I-26, I-28)."""
    sources.need("alert", "alert_ack", "alert_stage", "alert_follow")
    span = (sources.span.start, sources.span.stop)
    (fired,) = sources.one(f"SELECT count(*) FROM ({FIRED})", *span)  # noqa: S608
    acked, to_ack = median(sources, ACKED, *span)
    fixed, to_fix = median(sources, VERIFIED, *span)
    in_time, due_count = timely(sources)
    events = sources.log.lines - sources.log.count(*OF_ALERTS)
    gaps = []
    if due_count and in_time < due_count:
        gaps.append(
            Gap(
                Text(
                    f"到期的 {due_count} 件中 {due_count - in_time} 件未按时办结",
                    f"{due_count - in_time} of {due_count} that were due were not closed in time",
                ),
                Text("查看督办清单 /supervision 并催办", "see /supervision, and chase them"),
            )
        )
    if fired and not acked:
        gaps.append(
            Gap(
                Text(
                    f"{fired} 个告警没有一个被人确认", f"nobody acknowledged any of {fired} alerts"
                ),
                Text("指定值班人并在告警页确认", "have somebody on duty who acknowledges them"),
            )
        )
    return Found(
        Text(
            f"事件记录 {events} 条 → 告警 {fired} 个 → 确认 {acked} 个（MTTA 中位 {_time(to_ack)}）"
            f"→ 验证修复 {fixed} 个（MTTR 中位 {_time(to_fix)}）；处置及时 {in_time} / {due_count}",
            f"{events} records of events → {fired} alerts → {acked} acknowledged (median MTTA "
            f"{_time(to_ack)}) → {fixed} verified (median MTTR {_time(to_fix)}); in time {in_time} "
            f"of {due_count}",
        ),
        [
            sources.counted(f"{FIRED} ORDER BY number", *span),
            sources.counted(f"{ACKED} ORDER BY 1", *span),
            sources.counted(f"{VERIFIED} ORDER BY 1", *span),
            sources.counted(DUE, *span),
            *sources.log.counted(RAISED),
        ],
        gaps,
        unknown=not fired,
    )


def timely(sources: Sources) -> tuple[int, int]:
    """Return how many that were due within the span were closed by then, and how many were due.

    What is due later than now is not due yet.
    """
    sources.need("alert_follow")
    stop = min(sources.span.stop, sources.now)
    query = """SELECT count(*), coalesce(sum(closed_at > 0 AND closed_at <= due_at), 0)
        FROM alert_follow WHERE due_at >= ? AND due_at < ?"""
    total, good = sources.one(query, sources.span.start, stop)
    return int(good), int(total)


def incidents(sources: Sources) -> Found:
    """Whether incidents were judged by a person and reported before the clocks of the law."""
    sources.need("incident", "incident_report")
    query = """SELECT number, kind, grade, confirmed_by, discovered_at, closed_at FROM incident
        WHERE discovered_at >= ? AND discovered_at < ? ORDER BY number"""
    span = (sources.span.start, sources.span.stop)
    counted = sources.counted(query, *span)
    (unjudged,) = sources.one(
        "SELECT count(*) FROM incident WHERE grade = '' AND discovered_at >= ? "
        "AND discovered_at < ?",
        *span,
    )
    good, late, overdue = reports(sources)
    gaps = []
    if overdue or late:
        gaps.append(
            Gap(
                Text(
                    f"{overdue} 份报告已超时未报，{late} 份迟报",
                    f"{overdue} reports are overdue, {late} were late",
                ),
                Text("在 /incidents 处理并登记上报", "go to /incidents, report, and say so there"),
                hole=bool(overdue),
            )
        )
    if unjudged:
        gaps.append(
            Gap(
                Text(f"{unjudged} 起事件没有人确认级别", f"nobody graded {unjudged} incidents"),
                Text("由指定人员研判确认", "have the person in charge judge them"),
            )
        )
    return Found(
        Text(
            f"安全事件 {counted.count} 起，未研判 {unjudged} 起；应报 {good + late + overdue} 份，"
            f"按时 {good} 份",
            f"{counted.count} incidents, {unjudged} not judged; {good + late + overdue} reports "
            f"due, {good} in time",
        ),
        [
            counted,
            *sources.log.counted("incident_confirmed", "incident_reported", "report_overdue"),
        ],
        gaps,
        unknown=not counted.count,
    )


def reports(sources: Sources) -> tuple[int, int, int]:
    """Return how many reports were in time, late, and are overdue (I-27)."""
    sources.need("incident", "incident_report")
    zone = sources.config.collector.tz()
    states = [
        one.state
        for incident in running(sources.ledger)
        if sources.span.start <= incident.discovered_at < sources.span.stop
        for one in due(_clocks(sources), incident, sources.now, zone)
        if one.until
    ]
    return states.count("reported"), states.count("reported_late"), states.count("overdue")


def _clocks(sources: Sources) -> tuple[ClockTable, ...]:
    path = sources.config.alerts.incidents_file
    try:
        return read_incidents(path).clock if path else CLOCKS
    except ConfigError as error:
        raise Unread(Text(f"{path} 无法读取：{error}", str(error))) from error


def _time(took: int | None) -> str:
    """Return a duration (ns) in few letters."""
    if took is None:
        return "–"
    seconds = took // SECOND
    if seconds < 120:
        return f"{took / SECOND:.1f} s"
    return f"{seconds // 60} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"


time_of = _time
LOOKS: Final = (delivery, handling, incidents)
