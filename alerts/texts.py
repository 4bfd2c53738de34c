"""What a message says, in Chinese and English: what happened, since when, what it means, what to
try first.

What agents send is put into sentences of ours and never read as one; it is cut, and loses what
cannot be printed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from alerts.devicesentences import device_words
from alerts.rules import OfReading, Rule, RuleTexts, Sighted
from alerts.securitywords import security_lines
from alerts.verdictwords import sentences
from core import clock
from core.alerts import (
    NO_TEXT,
    NOT_EXPECTED,
    RULE_REMOVED,
    Alert,
    Because,
    Notification,
    Reason,
    Telling,
    Text,
)
from core.clock import SECOND
from core.kind import SEVERITIES
from core.kinds import kind_of

LONGEST: Final = 200
"""Characters of what somebody else has written."""
MOST_HELD: Final = 200
"""Alerts of a summary that are kept with their texts, the worst first; each channel lists the
first of those that it is for (alerts/audience.py)."""
MOST_NAMES: Final = 30
"""Names in a list inside a sentence."""

_LABELS: Final = {
    "since": Text("开始", "Since"),
    "ended": Text("结束", "Ended"),
    "meaning": Text("影响", "What it means"),
    "first": Text("请先", "Try first"),
    "because": Text("可能原因", "Likely cause"),
    "late": Text(
        "（在失联期间发生，现在仍未恢复）", " (began while nobody could be told, and still lasts)"
    ),
}
_ENDED_BY: Final[Mapping[str, Text]] = {
    RULE_REMOVED: Text(
        "（规则已取消或更改，不代表已恢复）",
        " (its rule was removed; that says nothing of the condition)",
    ),
    NOT_EXPECTED: Text(
        "（七天没有读数，不再等待，不代表已恢复）",
        " (nothing for seven days, so it is no longer expected; that says nothing of it)",
    ),
}
_REMOVED: Final = Text(
    "规则已取消或更改，{total} 条告警不再跟踪，不代表已恢复",
    "Rules were removed or changed: {total} alerts are watched no more; that says nothing of them",
)
_SUMMARY: Final[Mapping[str, Text]] = {
    "NEW_ALERTS": Text("汇总：{total} 条告警", "Summary: {total} alerts"),
    "REPEAT": Text("{total} 条告警", "{total} alerts"),
    "ESCALATED": Text("{total} 条告警", "{total} alerts"),
    "REMINDER": Text("{total} 条告警", "{total} alerts"),
    "DIGEST": Text("{total} 条告警", "{total} alerts"),
    "SOME_RESOLVED": Text("汇总：{total} 条告警已恢复", "Summary: {total} alerts are over"),
    "ALL_RESOLVED": Text(
        "汇总：{total} 条告警已恢复，没有未恢复的告警",
        "Summary: {total} alerts are over, and none is open",
    ),
}


@dataclass(frozen=True, slots=True)
class Words:
    """How people call a place, and the zone of their clock."""

    name_of: Callable[[str], str]
    zone: tzinfo


_CONCERNED: Final = Text(
    "涉及 {count} 所学校：{schools}。", "Concerned are {count} schools: {schools}. "
)
_NAMES: Final = ("schools", "rooms", "devices")
"""Details that name the first of what is counted beside them (`count`)."""


class _Values(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "—"


_ATTACK: Final = Text(
    "该校此时{attack}（自 {since} 起，仍在进行）；请先处理那一条告警，网络多半随之恢复。",
    "an attack on this school: {attack} (since {since}, still going on). See to that alert first; "
    "the network most likely comes back with it.",
)
_PAST_ATTACK: Final = Text(
    "该校当时{attack}（{since} 至 {until}，已结束）；若仍未恢复，请重启受影响的设备。",
    "an attack on this school: {attack} ({since} to {until}, over now). What does not come back "
    "by itself may have to be started again.",
)


def telling_of(
    alert: Alert,
    rules: Mapping[str, Rule],
    words: Words,
    *,
    named: Mapping[str, Any] | None = None,
    raised: bool = False,
) -> Telling:
    """Return what is said of one alert.

    *named* is what only the school's own people may read; *raised*: one grade higher is proposed.
    """
    rule = rules.get(alert.key.rule)
    texts = rule.texts if rule else _unknown(alert.key.rule)
    over = alert.state == "ended"
    title = texts.ended if over and texts.ended.zh and not alert.ended_by else texts.title
    titles, bodies, schools = [], [], []
    for number in (0, 1):
        values = _values(alert, rule, words, number)
        mark = _ENDED_BY.get(alert.ended_by, NO_TEXT)[number]
        titles.append(title[number].format_map(values).strip() + mark)
        about = security_lines(alert.key.rule, alert.details, number, raised=raised)
        lines = _lines(alert, texts, values, words, number)
        bodies.append("\n".join([*lines, *about]))
        if named:
            known = {**alert.details, **named}
            about = security_lines(alert.key.rule, known, number, raised=raised, named=True)
            schools.append("\n".join([*lines, *about]))
    school = Text(*schools) if schools else NO_TEXT
    return Telling(alert, Text(*titles), Text(*bodies), school)


def _lines(
    alert: Alert, texts: RuleTexts, values: "_Values", words: Words, number: int
) -> list[str]:
    over = alert.state == "ended"
    since = _time(alert.began_at, words.zone)
    late = _LABELS["late"][number] if alert.late and not over else ""
    lines = [_line("since", since + late, number)]
    if over:
        mark = _ENDED_BY.get(alert.ended_by, NO_TEXT)[number]
        lines.append(_line("ended", _time(alert.ended_at, words.zone) + mark, number))
    lines += [_line("because", because(one, words.zone)[number], number) for one in alert.because]
    if not over:
        lines.append(_line("meaning", texts.meaning[number].format_map(values), number))
        lines.append(_line("first", texts.first[number].format_map(values), number))
    return lines


def first_step(alert: Alert, rule: Rule | None, words: Words) -> Text:
    """Return what *alert* tells people to try first, empty where its rule is no more."""
    if rule is None:
        return NO_TEXT
    said = rule.texts.first
    zh, en = (said[n].format_map(_values(alert, rule, words, n)) for n in (0, 1))
    return Text(zh, en)


def heading(rule: Rule) -> Text:
    """Return what *rule* tells of, without saying where: its title up to the first gap."""
    title = rule.texts.title
    return Text(*(text.partition("{")[0].rstrip("：:（( ") for text in title))


def because(one: Because, zone: tzinfo) -> Text:
    """Return which attack is likely to be behind an alert."""
    kind = kind_of(one.rule)
    times = {"since": _time(one.since, zone), "until": _time(one.until, zone)}
    said = _PAST_ATTACK if one.until else _ATTACK
    zh = kind.zh if kind.zh.startswith(("有", "网络", "防火墙")) else f"有{kind.zh}"
    return Text(said.zh.format(attack=zh, **times), said.en.format(attack=kind.en, **times))


def summary(tellings: Sequence[Telling], reason: Reason, at: int, words: Words) -> Notification:
    """Return the message about *tellings*; its number is given when it is written."""
    worst = sorted(tellings, key=lambda one: (one.alert.severity, one.alert.number))
    counts = dict(Counter(one.alert.key.rule for one in worst))
    title = worst[0].title
    if len(worst) > 1:
        form = _SUMMARY[reason]
        if all(one.alert.ended_by == RULE_REMOVED for one in worst):
            form = _REMOVED
        title = Text(*(text.format(total=len(worst)) for text in form))
    severity = min((one.alert.severity for one in worst), key=SEVERITIES.index)
    listed = tuple(worst[:MOST_HELD])
    return Notification(0, reason, at, severity, title, listed, len(worst), counts)


def plain(value: Any) -> str:
    """Return what somebody else has written, fit to stand in a sentence."""
    if isinstance(value, float):
        value = round(value, 1)
    if isinstance(value, list | tuple):
        return _listed(value, len(value))
    text = "".join(char if char.isprintable() else " " for char in str(value)[: LONGEST + 1])
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _listed(names: Sequence[Any], count: int) -> str:
    shown = names[:MOST_NAMES]
    more = f" … (+{count - len(shown)})" if count > len(shown) else ""
    return ", ".join(map(plain, shown)) + more


def _counted(details: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of what an alert concerns, with how many more there are."""
    count = details.get("count")
    if not isinstance(count, int):
        return {}
    found = {name: details[name] for name in _NAMES if isinstance(details.get(name), list | tuple)}
    return {name: _listed(names, max(count, len(names))) for name, names in found.items()}


def _unknown(name: str) -> RuleTexts:
    """Return the texts of an alert whose rule is no more."""
    nothing = Text("—", "—")
    title = Text(f"{name}：{{where}} {{what}}", f"{name}: {{where}} {{what}}")
    return RuleTexts(title, nothing, nothing, title)


def _values(alert: Alert, rule: Rule | None, words: Words, number: int) -> _Values:
    key = alert.key
    found = _Values({name: plain(value) for name, value in alert.details.items()})
    if rule and isinstance(rule.of, Sighted):
        found |= _counted(alert.details)
    known = alert.details.get("count") and found.get("schools")
    found["concerned"] = _CONCERNED[number].format_map(found) if known else ""
    if rule and isinstance(rule.of, OfReading):
        said = sentences(rule.of.measurement, alert.details, number)
    else:
        said = device_words(alert.details, number)
    # The sentences are ours; what an agent has sent stands only in their gaps.
    found |= {name: text.format_map(found) for name, text in said.items()}
    what = " ".join(part for part in (key.target, key.subject) if part)
    # What an agent says of its own machine stands in the place already.
    if key.subject.startswith(key.target) or (key.subject and key.place.endswith(f"/{key.target}")):
        what = key.subject or key.target
    everywhere = Text("全区", "the whole district")[number]
    where = words.name_of(key.place) if key.place else everywhere
    return _Values(found | {"where": plain(where), "what": plain(what)})


def _line(label: str, text: str, number: int) -> str:
    return f"{_LABELS[label][number]}{'：' if number == 0 else ': '}{text}"


def _time(at: int, zone: tzinfo) -> str:
    return clock.local(at, zone).strftime("%Y-%m-%d %H:%M:%S") if at >= SECOND else "—"
