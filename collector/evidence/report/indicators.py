"""The indicators of domain.md §6 that this system has figures for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from collector.evidence.report.looks import district, handling, log, network
from collector.evidence.report.sources import Sources, Unread
from core.alerts import Text
from core.clock import SECOND

NOT_READ: Final = Text("未知", "unknown")
_DAY: Final = 86_400 * SECOND


@dataclass(frozen=True, slots=True)
class Indicator:
    """One figure and what is asked for."""

    id: str
    name: Text
    figure: Text
    target: Text


def indicators(sources: Sources) -> list[Indicator]:
    """Return every indicator; one that cannot be read says why."""
    return [
        Indicator(number, name, _figure(read, sources), target)
        for number, name, read, target in _ALL
    ]


def _figure(read: Callable[[Sources], Text], sources: Sources) -> Text:
    try:
        return read(sources)
    except Unread as error:
        return Text(f"{NOT_READ.zh}：{error.why.zh}", f"{NOT_READ.en}: {error.why.en}")


def _kept(sources: Sources) -> Text:
    found = log.retention(sources)
    if found.unknown:
        return NOT_READ
    days = (sources.now - sources.log.oldest_at) // _DAY
    young = "（未满期）" if found.young else ""
    return Text(f"{days} 天{young}", f"{days} days{' (young)' if found.young else ''}")


def _whole(sources: Sources) -> Text:
    segments = sources.log.segments
    if not segments:
        return NOT_READ
    good = sum(one.whole for one in segments)
    return _share(good, len(segments), "行号连续的文件", "files with rows in sequence")


def _backed_up(sources: Sources) -> Text:
    last = sources.log.newest_done("backup_made")
    if last is None:
        return Text("从未备份", "never backed up")
    days = (sources.now - last.received) // _DAY
    count = sources.log.succeeded("backup_made")
    return Text(f"{count} 次，最近 {days} 天前", f"{count}, the newest {days} days ago")


def _in_time(sources: Sources) -> Text:
    return _share(*handling.timely(sources), "到期件", "that were due")


def _reported(sources: Sources) -> Text:
    good, late, overdue = handling.reports(sources)
    return _share(good, good + late + overdue, "应报", "that were due")


def _times(sources: Sources) -> Text:
    sources.need("alert_ack", "alert_stage", "alert")
    span = (sources.span.start, sources.span.stop)
    _, to_ack = handling.median(sources, handling.ACKED, *span)
    _, to_fix = handling.median(sources, handling.VERIFIED, *span)
    ack, fix = handling.time_of(to_ack), handling.time_of(to_fix)
    return Text(f"MTTA {ack}，MTTR {fix}", f"MTTA {ack}, MTTR {fix}")


def _fixed(sources: Sources) -> Text:
    return _share(*district.fixed(sources), "弱项", "weak points")


def _protected(sources: Sources) -> Text:
    found = network.protection(sources)
    return NOT_READ if found.unknown else found.figure


def _owned(sources: Sources) -> Text:
    found = district.owners(sources)
    return NOT_READ if found.unknown else found.figure


def _heard(sources: Sources) -> Text:
    total, good = district.agents(sources)
    return _share(good, total, "采集端", "agents")


def _share(good: int, total: int, zh: str, en: str) -> Text:
    if not total:
        return Text(f"{NOT_READ.zh}（0 {zh}）", f"{NOT_READ.en} (0 {en})")
    percent = network.percent(good, total)
    return Text(f"{good} / {total} {zh}（{percent}）", f"{good} of {total} {en} ({percent})")


_ALL: Final = (
    ("I-23", Text("日志留存天数", "log retention"), _kept, Text("≥184 天", "≥184 days")),
    ("I-24", Text("日志完整率", "log integrity"), _whole, Text("100 %", "100 %")),
    ("I-25", Text("日志备份", "backups"), _backed_up, Text("恢复演练 ≤90 天", "drill ≤90 days")),
    (
        *("I-26", Text("安全事件处置及时率", "timely handling"), _in_time),
        Text("较大及以上 100 %，一般 ≥95 %", "100 %, of ordinary ones ≥95 %"),
    ),
    ("I-27", Text("报告及时率", "timely reporting"), _reported, Text("100 %", "100 %")),
    ("I-28", Text("响应/修复时间", "MTTA / MTTR"), _times, Text("–", "–")),
    ("I-30", Text("高危弱项整改率", "weak points fixed"), _fixed, Text("–", "–")),
    ("I-31", Text("绿色上网措施覆盖率", "protection coverage"), _protected, Text("100 %", "100 %")),
    ("I-32", Text("责任人登记率", "owners registered"), _owned, Text("100 %", "100 %")),
    ("I-34", Text("监测完整率（采集端）", "agents heard"), _heard, Text("≥95 %", "≥95 %")),
)
