"""What is wrong with rules whose keys are right alone, each with the place in its table.

Nothing is asked but the words of the system: the catalogue of measurements, the kinds of events.
"""

from collections.abc import Iterable, Iterator
from string import Formatter
from typing import Final

from alerts.language.build import hows, limit_of
from alerts.language.spans import seconds
from alerts.language.table import LIMITS, LimitTable, OnTable, RuleTable, ShareTable, TextTable
from alerts.language.words import LIVE, MEMBERS, event_kinds, gaps_of
from core.alertkinds import OF_ALERTS
from core.catalog import CATALOG, IDENTITY_TAGS, OURS
from core.hints import hint
from core.measurements.base import HEARTBEAT_S
from core.tomllines import KeyPath

Found = Iterator[tuple[KeyPath, str]]

_SOURCES: Final = ("reading", "event", "live")
_OF_READINGS: Final = ("field", "each", "beside", "only", "unless", "heeds")
_WRITTEN: Final = {"unless": "except", "heeds": "while"}
_UNSEEN: Final = OURS | {"collector"}
"""What the collector writes into the store itself comes past no rule."""
_NUMBERS: Final = ("integer", "float")


def mistakes(table: RuleTable) -> Found:
    """Say what is wrong with one rule."""
    on = table.on
    named = [name for name in _SOURCES if getattr(on, name)]
    if len(named) != 1:
        said = " and ".join(named) or "nothing"
        yield ("on",), f"on names {said}; expected one of reading = …, event = …, live = …"
        return
    found = {"reading": _of_reading, "event": _of_event, "live": _of_live}[named[0]](table, on)
    yield from found
    yield from _waiting(table)
    yield from _texts(table)


def _waiting(table: RuleTable) -> Found:
    if not table.waits_for_lessons:
        for name in ("counts_in_lessons", "carries_rooms"):
            if getattr(table, name):
                yield (name,), f"{name} says nothing where waits_for_lessons is not true"
        return
    if table.severity == "P1":
        yield ("severity",), "P1 is told at once, and waits_for_lessons is true; one of both"
    if table.counts_in_lessons and not seconds(table.hold):
        yield ("counts_in_lessons",), "counts_in_lessons counts how long it lasts: for is missing"


def _of_live(table: RuleTable, on: OnTable) -> Found:
    if on.live not in LIVE:
        yield (
            ("on", "live"),
            f"nothing in the live picture is called {on.live!r}{hint(on.live, LIVE)}",
        )
    yield from _no_reading(table, on, "live")
    yield from _memory(table, "the live picture")
    members = MEMBERS.get(on.live)
    if not table.share.of or on.live not in LIVE:
        return
    if members is None:
        text = f"share asks how many there are, which the picture does not say of {on.live}"
        yield ("share",), f"{text} (docs/rules.md lists those of which it does)"
    elif table.share.members not in members:
        text = f"{on.live} is not counted by {table.share.members}"
        yield ("share", "members"), f"{text}; there is {', '.join(sorted(members))}"


def _of_event(table: RuleTable, on: OnTable) -> Found:
    kinds = event_kinds()
    if on.event in OF_ALERTS:
        yield ("on", "event"), f"{on.event!r} tells of an alert, and no rule is about alerts"
    elif on.event not in kinds:
        yield ("on", "event"), f"there is no event {on.event!r}{hint(on.event, kinds)}"
    yield from _no_reading(table, on, "event")
    yield from _memory(table, "an event")
    if table.share.of:
        yield from _share_of_events(table, on)
    if on.momentary and not table.keep and not table.flaps.over and not table.share.of:
        text = "a momentary event has no end: keep_firing says for how long it counts"
        yield ("on", "momentary"), text


def _memory(table: RuleTable, word: str) -> Found:
    """Say which conditions that need memory ask for what events and the picture do not have."""
    ways = hows(table)
    way = ways[0] if ways else ""
    if len(ways) > 1:
        yield (ways[1],), f"{ways[1]} stands beside {ways[0]}; a rule has one of them"
    if way == "rate":
        yield (way,), f"rate asks for a counter, and {word} has no number; flaps counts how often"
    elif way == "absent":
        yield (way,), f"absent asks for readings; {word} says itself when something is missing"
    elif way in ("change", "usual"):
        yield from _of_share(table, way, word)
    elif way == "flaps":
        yield from _limit(table, (), need=True)
    if way not in ("change", "usual"):
        yield from _share(table.share)


def _of_share(table: RuleTable, way: str, word: str) -> Found:
    """Say what is wrong where the number is the share of a group."""
    share = table.share
    if not share.of:
        text = f"{way} asks for a number, and {word} has none; of a share it can be had"
        yield (way,), f'{text}: share = {{ of = "region", members = … }}'
    if limit_of(share):
        name = limit_of(share)[0]  # type: ignore[index]  # it has one
        yield ("share", name), f"the limit of {way} stands beside share, and not in it"
    if share.members == "schools" and share.of == "school":
        yield ("share", "members"), "a school is one school; its members are series or agents"
    if way == "usual" and table.usual.known > table.usual.weeks:
        yield ("usual", "known"), "known is more than weeks, so nothing would ever be said"
    yield from _limit(table, (), need=True)


def _share_of_events(table: RuleTable, on: OnTable) -> Found:
    if table.share.members == "series":
        text = 'nobody knows how many there may be; members = "agents" or "schools"'
        yield ("share", "members"), f'members = "series" of an event: {text}'
    if table.flaps.over:
        return
    if on.momentary:
        yield ("share",), "what is momentary does not go on; flaps says within which time it counts"
    elif on.by == "collector":
        text = "a restart forgets what goes on of what the collector says; flaps counts anew"
        yield ("share",), text


def _no_reading(table: RuleTable, on: OnTable, word: str) -> Found:
    empty = OnTable()
    for name in _OF_READINGS:
        if getattr(on, name) != getattr(empty, name):
            key = _WRITTEN.get(name, name)
            yield ("on", key), f"{key} belongs to on = {{ reading = … }}, not to {word}"
    if not hows(table) and limit_of(table):
        name = limit_of(table)[0]  # type: ignore[index]  # it has one
        yield (name,), f"{name} is a limit of a reading; {word} says itself when it is wrong"
    for name in ("bad", "good", "tells"):
        if getattr(table, name):
            yield (name,), f"{name} belongs to on = {{ reading = … }}, not to {word}"


def _of_reading(table: RuleTable, on: OnTable) -> Found:
    known = CATALOG.get(on.reading)
    if known is None or on.reading in _UNSEEN:
        right = [name for name in CATALOG if name not in _UNSEEN]
        text = "is written by the collector, and no rule sees it" if known else "is no measurement"
        yield ("on", "reading"), f"{on.reading!r} {text}{hint(on.reading, right)}"
        return
    if on.field not in known.fields:
        said = f"{on.reading} has no field {on.field!r}" if on.field else "missing key 'field'"
        yield ("on", "field"), f"{said}{hint(on.field, known.fields)}"
        return
    yield from _tags(on, tuple(known.tags))
    for name in table.tells:
        if name not in known.fields:
            yield ("tells",), f"{on.reading} has no field {name!r}{hint(name, known.fields)}"
    for name in on.heeds:
        if name not in known.fields:
            text = f"{on.reading} has no field {name!r}{hint(name, known.fields)}"
            yield ("on", "while", name), text
    yield from _condition(table, known.fields[on.field].type)


def _tags(on: OnTable, tags: tuple[str, ...]) -> Found:
    said = [("each", on.each)] if on.each else []
    said += [("beside", tag) for tag in on.beside]
    said += [("only", tag) for tag in on.only] + [("except", tag) for tag in on.unless]
    for key, tag in said:
        if tag in IDENTITY_TAGS:
            yield ("on", key), f"{tag} is no tag of the readings here: at and not_at say where"
        elif tag not in tags:
            known = ", ".join(tags) or "none"
            yield (
                ("on", key),
                f"{on.reading} has no tag {tag!r} (there is {known}){hint(tag, tags)}",
            )


def _condition(table: RuleTable, kind: str) -> Found:
    ways = hows(table)
    if len(ways) > 1:
        yield (ways[1],), f"{ways[1]} stands beside {ways[0]}; a rule has one of them"
        return
    way = ways[0] if ways else ""
    yield from _share(table.share)
    if way == "absent":
        yield from _absent(table)
        if limit_of(table) or table.bad:
            yield ("absent",), "absent needs no limit: that nothing is said is all"
        return
    if way in ("rate", "usual") and kind not in _NUMBERS:
        yield (way,), f"{way} asks for a number, and {table.on.field} is a {kind}"
    if way == "usual" and table.usual.known > table.usual.weeks:
        yield ("usual", "known"), "known is more than weeks, so nothing would ever be said"
    if table.bad or table.good:
        yield from _words(table, kind, way)
        return
    if kind not in _NUMBERS and not way:
        yield (), f"{table.on.field} is a {kind}; name its words: bad = […], good = […]"
        return
    yield from _limit(table, (), need=True)
    if table.otherwise.code or table.otherwise.field:
        yield ("otherwise",), "otherwise stands beside words: bad = […], good = […]"


def _absent(table: RuleTable) -> Found:
    known = CATALOG[table.on.reading]
    least = 2 * max(HEARTBEAT_S, known.interval_s)
    if seconds(table.absent) < least:
        said = f"what does not change comes each {max(HEARTBEAT_S, known.interval_s):g} s only"
        yield ("absent",), f"absent is shorter than {least:g} s, and {said}"
    if table.share.of:
        yield ("share",), "share counts what is said of members, and of these nothing is said"


def _words(table: RuleTable, kind: str, way: str) -> Found:
    if way:
        yield ("bad",), f"{way} makes a number; give a limit (above, below) and no words"
    if limit_of(table):
        yield ("bad",), "a rule has words or a limit; one of both"
    if kind in _NUMBERS:
        yield (
            ("bad",),
            f"{table.on.field} is a number; give a limit: above, at_least, below, at_most",
        )
    for name in ("bad", "good"):
        if not getattr(table, name):
            does = "begin" if name == "bad" else "end"
            text = f"missing key {name!r}: words that {does} the alert; any other says neither"
            yield (name,), text
    both = sorted(set(table.bad) & set(table.good))
    if both:
        yield ("good",), f"{both[0]!r} is bad and good at once"
    if kind == "boolean" and not set(table.bad) | set(table.good) <= {"true", "false"}:
        yield ("bad",), f'{table.on.field} is true or false: "true" and "false" are its words'
    yield from _otherwise(table)


def _otherwise(table: RuleTable) -> Found:
    other = table.otherwise
    if not other.code and not other.field and limit_of(other) is None:
        return
    fields = CATALOG[table.on.reading].fields
    for key in ("code", "field"):
        name = getattr(other, key)
        if name not in fields:
            text = f"{table.on.reading} has no field {name!r}{hint(name, fields)}"
            yield ("otherwise", key), text
    yield from _limit(other, ("otherwise",), need=True)


def _share(share: ShareTable) -> Found:
    if not share.of:
        if limit_of(share) is not None:
            yield ("share",), 'missing key \'of\' in share: "school", "region" or "district"'
        return
    yield from _limit(share, ("share",), need=True)
    if share.members == "schools" and share.of == "school":
        yield ("share", "members"), "a school is one school; its members are series or agents"


def _limit(table: LimitTable, at: KeyPath, *, need: bool) -> Found:
    named = [name for name in LIMITS if getattr(table, name) is not None]
    if not named and need:
        yield at, "no limit: one of above, at_least, below, at_most"
    if len(named) > 1:
        yield (*at, named[1]), f"{named[1]} stands beside {named[0]}; a rule has one limit"
    if len(named) != 1 or table.recover is None:
        return
    limit = getattr(table, named[0])
    under = named[0] in ("below", "at_most")
    if table.recover < limit if under else table.recover > limit:
        side = "under" if under else "above"
        text = f"recover = {table.recover:g} is {side} {named[0]} = {limit:g}: it would never end"
        yield (*at, "recover"), text


def _texts(table: RuleTable) -> Found:
    gaps = gaps_of(table)
    for language in ("zh", "en"):
        texts: TextTable = getattr(table, language)
        for name in ("title", "meaning", "first", "ended"):
            text = getattr(texts, name)
            needed = name != "ended" or not table.on.momentary
            if needed and not text:
                yield (language, name), f"{name} is empty; people are told it"
            yield from (((language, name), said) for said in _gaps(text, gaps))


def _gaps(text: str, known: Iterable[str]) -> Iterator[str]:
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        yield "a brace that is not closed; write {{ for one that is meant"
        return
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if name not in known or spec or conversion:
            yield f"{{{name}}} is nothing that is known here ({_listed(known)}){hint(name, known)}"


def _listed(known: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(known))


def between(tables: Iterable[RuleTable], known: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Say what is wrong between rules: the rule, its key, and why. *known*: all names."""
    rules = {table.name: table for table in tables}
    names = {*known, *rules}
    for table in rules.values():
        for name in table.hides:
            if name not in names:
                yield table.name, "hides", f"hides names no rule: {name!r}{hint(name, names)}"
        circle = _circle(table.name, rules)
        if circle:
            yield table.name, "hides", f"hides goes in a circle: {' → '.join(circle)}"


def _circle(start: str, rules: dict[str, RuleTable]) -> list[str]:
    """Return the way from *start* back to it, along what each hides; nothing: there is none."""
    waiting = [[start]]
    seen: set[str] = set()
    while waiting:
        way = waiting.pop()
        for name in rules[way[-1]].hides if way[-1] in rules else ():
            if name == start:
                return [*way, name]
            if name not in seen:
                seen.add(name)
                waiting.append([*way, name])
    return []
