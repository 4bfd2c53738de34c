"""The whole self-check: every clause judged by what could be read, indicators, the police's list.

One function that cannot read its evidence says why, and all others go on.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from collector.evidence.report.clauses import Clause, PoliceItem, clauses, topics
from collector.evidence.report.finding import LEVELS, Finding, Found, Gap, Level, Verdict
from collector.evidence.report.indicators import Indicator, indicators
from collector.evidence.report.looks import LOOKS
from collector.evidence.report.sources import Sources, Unread
from collector.evidence.report.statements import gaps_of
from core import VERSION
from core.alerts import Text

Look = Callable[[Sources], Found]
SELF_CHECK: Final = "self_check"
UNSTATED: Final = Gap(
    Text("没有人工说明", "nobody made a statement"),
    Text(
        "请责任人在 statements.toml 中写明情况、依据和有效期（configs/statements.toml）",
        "have who answers for it write one into statements.toml (configs/statements.toml)",
    ),
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """A clause with what was found."""

    clause: Clause
    finding: Finding

    def verdict(self, level: Level) -> Verdict:
        """Return what it comes to; `none` where the level does not ask for it."""
        return "none" if level == 2 and not self.clause.l2 else self.finding.verdict(level)


@dataclass(frozen=True, slots=True)
class PoliceJudged:
    """One of the seven items with what was found."""

    item: PoliceItem
    finding: Finding


@dataclass(frozen=True, slots=True)
class Report:
    """All of it, made at `at` (ns)."""

    collector: str
    zone: str
    start: int
    stop: int
    at: int
    clauses: Sequence[Judged]
    police: Sequence[PoliceJudged]
    indicators: Sequence[Indicator]
    version: str = VERSION

    def counts(self, level: Level) -> Counter[Verdict]:
        """Return how many clauses have each verdict."""
        return Counter(one.verdict(level) for one in self.clauses)

    def conformity(self, level: Level) -> tuple[float, int, int]:
        """Return I-33: clauses that are met, a part being a half, of those with evidence; and how
        many of the latter are parts. Manual, young and unknown ones are in neither."""
        counts = self.counts(level)
        known = counts["met"] + counts["part"] + counts["gap"]
        return counts["met"] + counts["part"] / 2, known, counts["part"]

    def digest(self) -> str:
        """Return the hash of everything that was found, by which two reports are compared."""
        said = [
            (one.clause.id, one.verdict(3), one.verdict(2), one.finding) for one in self.clauses
        ]
        body = msgspec.json.encode([said, self.police, self.indicators], order="sorted")
        return hashlib.sha256(body).hexdigest()


def judge(sources: Sources) -> Report:
    """Return the report; what cannot be read is said in it."""
    known: dict[str, Found | Unread] = {}
    judged = [Judged(one, _finding(one, sources, LOOKS, known)) for one in clauses().clause]
    table, span = sources.config.collector, sources.span
    report = Report(*(table.id, table.zone, span.start, span.stop, sources.now, judged, (), ()))
    more = {**LOOKS, SELF_CHECK: lambda _sources: _self_check(report)}
    police = [PoliceJudged(one, _finding(one, sources, more, known)) for one in clauses().police]
    found = [*indicators(sources), _conformity(report)]
    return Report(
        *(report.collector, report.zone, report.start, report.stop, report.at),
        *(judged, police, found),
    )


def _finding(
    row: Clause | PoliceItem,
    sources: Sources,
    looks: Mapping[str, Look],
    known: dict[str, Found | Unread],
) -> Finding:
    found, blocked = [], []
    for name in row.look:
        if name not in known:
            known[name] = _looked(looks[name], sources, name)
        one = known[name]
        if isinstance(one, Unread):
            blocked.append(one.why)
        else:
            found.append(one)
    said = [[*sources.stated(word)] for word in row.stated]
    there = [some for some in said if some]
    gaps = [gap for some in there for gap in gaps_of(some, sources.today)]
    if len(there) < len(said):
        gaps.append(_unstated(w for w, some in zip(row.stated, said) if not some))
    stated = [one.shown() for some in there for one in some]
    return Finding(row.coverage, found, gaps, blocked, stated)


def _unstated(words: Iterable[str]) -> Gap:
    said = [topics()[word] for word in words]
    zh, en = "、".join(one.zh for one in said), ", ".join(one.en for one in said)
    return Gap(Text(f"{UNSTATED.what.zh}：{zh}", f"{UNSTATED.what.en} about {en}"), UNSTATED.todo)


def _looked(look: Look, sources: Sources, name: str) -> Found | Unread:
    try:
        return look(sources)
    except Unread as error:
        return error
    except Exception as error:  # noqa: BLE001 — a dispatch loop
        # One clause must not take the others with it; what was no expected failure is ours.
        _log.exception("evidence %s", name)
        said = f"{type(error).__name__}: {error}"
        return Unread(
            Text(f"证据读取程序出错（请报告）：{said}", f"a defect, please report it: {said}")
        )


def _share(report: Report, level: Level) -> Text:
    good, known, parts = report.conformity(level)
    percent = f"{100 * good / known:.2f}%" if known else "–"
    name = "三级" if level == 3 else "二级"
    return Text(
        f"{name} {good:g} / {known}（{percent}，其中部分 {parts}）",
        f"level {level}: {good:g} of {known} ({percent}, {parts} of them parts)",
    )


def _conformity(report: Report) -> Indicator:
    both = [_share(report, level) for level in LEVELS]
    said = Text("；".join(one.zh for one in both), "; ".join(one.en for one in both))
    return Indicator("I-33", Text("等保自查符合率", "self-check conformity"), said, Text("–", "–"))


def _self_check(report: Report) -> Found:
    both = _conformity(report).figure
    holes = report.counts(3)["gap"]
    gaps = []
    if holes:
        gaps.append(
            Gap(
                Text(f"{holes} 条有缺口", f"{holes} clauses have gaps"),
                Text("按上表逐条整改", "see the table above"),
            )
        )
    return Found(Text(f"自查 {both.zh}", f"self-check {both.en}"), (), gaps)
