"""The engine: facts in, alerts and messages out, each in one transaction of the database.

    rows ──────┐
    readings ──┼─▶ match ─▶ hold ─▶ keep ─▶ hide ─▶ mute ─▶ dedup ─▶ route ─▶ storm ─▶ alert
    sights ────┘             ▲                                                       and outbox
    time ────────────────────┘      (because: which attack is behind it, after keep)

A kill between any two steps loses nothing: rows are read again from the cursor, which moves in the
transaction of what they made; sights and readings come again by themselves.
"""

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Final

from alerts import removed, silences, tables
from alerts.due import due
from alerts.facts import Ground, ReadingFact, Sight
from alerts.freshness import Freshness
from alerts.match import Match
from alerts.memory import Draft, Memory
from alerts.names import ATTACK_SPREADS, EXPLAINED
from alerts.opening import going_on, opened, taken_over
from alerts.recall.recall import Recall
from alerts.recall.usual import Book
from alerts.recorded import Recorded
from alerts.routing.digest import Digest
from alerts.routing.followup import FollowUp
from alerts.routing.plan import Decision, Routing
from alerts.routing.router import Channels
from alerts.routing.said import DigestSaid, Said
from alerts.rowfacts import RowFacts
from alerts.rules import Rule
from alerts.schooltime import SchoolTime
from alerts.shipped import RULES
from alerts.stages.because import Explain, explains
from alerts.stages.dedup import Dedup
from alerts.stages.hide import Hide
from alerts.stages.hold import Hold
from alerts.stages.keep import Keep
from alerts.stages.mute import CALENDAR, Mute
from alerts.stages.route import Route
from alerts.stages.storm import Storm, by_channel
from alerts.step import Case, Signal, Stage, Step, run
from alerts.summaries import summaries
from alerts.texts import Words, summary, telling_of
from core import clock
from core.alerts import AlertKey, Reason, Telling
from core.clock import SECOND
from core.kinds import kind_of

PAGE: Final = 200
"""Rows in one transaction."""

SET_BACK: Final = SECOND
"""A clock that goes back by more has been set; by less it is drift."""

MESSAGES: Final = 20
"""In ten minutes, where the configuration says nothing else."""

_log = logging.getLogger(__name__)


class Engine:
    """Every method blocks, and may raise sqlite3.Error: then nothing has changed.

    Not for two threads at a time.
    """

    def __init__(
        self,
        ground: Ground,
        words: Words,
        *,
        channels: tuple[str, ...],
        schools: Mapping[str, str] | None = None,
        rules: Sequence[Rule] = RULES,
        messages: int = MESSAGES,
        routing: Routing | None = None,
        times: SchoolTime | None = None,
        now: clock.Clock = clock.now,
    ) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        """What happened since somebody took it out, by name and reason."""
        self.revision = 0
        """Another number whenever a case has begun, changed or ended."""
        self._ground, self._words, self._now = ground, words, now
        self._router, self._routing = Channels(channels, dict(schools or {})), routing
        self._rules = {rule.name: rule for rule in rules}
        self._fresh = Freshness(self._rules, now())
        self._times = times or SchoolTime(words.zone)
        self._book = Book(ground.transaction, words.zone, self._is_school_day)
        self._recall = Recall(rules, self._heard_since, self._book, self._fresh.places)
        self._match = Match(rules, self._recall)
        self._storm = Storm(messages, self._made)
        self._follow_up = FollowUp(ground, self._storm)
        self._recorded = Recorded(ground, dict(schools or {}))
        self._memory, present = opened(ground, self._rules, now(), self._end_removed)
        self._remember(rules)
        self._draft = Draft(self._memory, now())
        self._digest = Digest(ground, lambda rule: rule in self._rules, self._storm)
        self._mute = Mute(self._rules, self._times)
        self._stages = self._pipeline()
        self._read_silences()
        self._ticked_at = 0
        with self._drafting() as draft:
            self._say(draft, (s for fact in present for s in self._match.event(fact)))

    def take_rules(self, rules: Sequence[Rule]) -> None:
        """Go on with other rules: what is open of those that look at the same stays open, and what
        has lost its rule ends, of which those are told who heard that it began."""
        named = {rule.name: rule for rule in rules}
        now, end = self._now(), self._end_removed
        present = taken_over(self._ground, self._memory, self._rules, named, now, end=end)
        left = by_channel(self._memory.folded)
        since = self._memory.folded_since
        self._memory.folded_since = {name: at for name, at in since.items() if name in left}
        self._rules = self._fresh.rules = named
        recall = Recall(rules, self._heard_since, self._book, self._fresh.places)
        recall.take_over(self._recall)
        self._recall, self._match = recall, Match(rules, recall)
        self._remember(rules)
        self._mute = Mute(named, self._times)
        self._stages = self._pipeline()
        self._read_silences()
        self.revision += 1
        with self._drafting() as draft:
            self._say(draft, (s for fact in present for s in self._match.event(fact)))
        self.look_again()  # They may wait for lessons now, or wait no more.
        # Only now: where the database refused in between, all of it is done again.
        with self._ground.transaction() as db:
            tables.new_rules(db, named)

    # What comes in.

    def rows(self) -> int:
        """Take in the next rows that the audit log has; return how many, 0 where there are none."""
        try:
            return self._rows(PAGE)
        except Exception as error:
            if _is_refused(error):
                raise
            _log.warning("a row among the next %d cannot be judged; one at a time now", PAGE)
        try:
            return self._rows(1)
        except Exception as error:
            if _is_refused(error):
                raise
            return self._skip()

    def readings(self, facts: Iterable[ReadingFact]) -> None:
        """Take in fresh readings."""
        with self._drafting() as draft:
            for fact in facts:
                self._fresh.heard(fact.place, draft.at)
                self._say(draft, self._match.reading(fact, draft.at))

    def heard(self, place: str) -> None:
        """Hear that fresh readings of an agent came, whatever they say."""
        self._fresh.heard(place, self._now())

    def see(self, sight: Sight) -> None:
        """Take in what is wrong in the live picture."""
        with self._drafting() as draft:
            open_cases = tuple(self._memory.cases.values())
            self._say(draft, self._match.sight(sight, open_cases, draft.at))

    def tick(self) -> None:
        """Let time pass: holds that are over, alerts that end by the clock, summaries."""
        at = self._now()
        if at < self._ticked_at - SET_BACK:
            self._fresh.set_back(at)
            self._recall.set_back(at - self._ticked_at, at)
            self._memory.set_back(at)
            # What was over by the clock before may be in force again, and end once more.
            self.silences_changed()
        elif 0 < self._mute_changes <= at:
            self.look_again()
        self._ticked_at = at
        keys = list(self._memory.awake(at))
        try:
            with self._drafting() as draft:
                for key in keys:
                    case = draft.get(key)
                    if case.is_open:  # its rule may be gone
                        self._step(draft, Step(case))
                stale = self._fresh.stale(self._memory.cases.values(), at)
                self._say(draft, iter(stale))
                self._say(draft, self._recall.advance(at))
                self._summarise(draft)
        except BaseException:
            for key in keys:
                self._memory.wake(key, at)
            raise
        if self._routing:
            self._follow(self._routing)

    def reroute(self, routing: Routing | None) -> None:
        """Go on with other routes: for what begins from now on, and for what follows."""
        self._routing = routing
        self._follow_up.again()

    def due(self) -> int:
        """Return when `tick` is to be called next at the latest (ns), 0 where nothing waits."""
        first = self._memory.due[0][0] if self._memory.due else 0
        return min(filter(None, (first, self._mute_changes)), default=0)

    def silences_changed(self) -> None:
        """Hear that silences were made or ended in the database."""
        self._read_silences()
        self.look_again()

    def look_again(self) -> None:
        """See what is muted now: time has come, or silences or the calendar are others.

        What was there before stays where the database refuses, and is looked at again.
        """
        at = self._now()
        with self._drafting() as draft:
            for case in self.open_cases():
                changes = self._mute.run(Step(case), at).case != case
                # The time at which it is to be looked at may be another one by now.
                if changes or case.alert.muted_by == CALENDAR:
                    self._step(draft, Step(case))
        self._mute_changes = self._mute.next_change(at)

    def is_watched(self, place: str) -> bool:
        """Return whether a case is open at *place*, so that what ends it matters too."""
        return place in self._memory.of_place

    def is_heard(self, place: str) -> bool:
        """Return whether fresh readings of the agent *place* came lately."""
        return self._fresh.is_heard(place, self._now())

    def _heard_since(self, place: str) -> int:
        return self._fresh.heard_since(place, self._now())

    def open_cases(self) -> Iterator[Case]:
        """Return every case that has not ended."""
        return iter(tuple(self._memory.cases.values()))

    # How it is done.

    def _end_removed(self, db: sqlite3.Connection, memory: Memory, lost: Sequence[Case]) -> Draft:
        """End what lost its rule, by the words of the rules that were in force."""
        draft = self._draft = Draft(memory, self._now())
        removed.end(draft, lost, self._telling, self._words)
        self._write(db, draft)
        for case in lost:
            self.counts["alerts_ended", case.alert.key.rule] += bool(case.alert.fired_at)
            self._fresh.forget(case.alert.key)
        for message in draft.messages:
            self.counts["alert_messages", message.notification.reason] += 1
        return draft

    def _remember(self, rules: Sequence[Rule]) -> None:
        """Have what rules with memory ask for known from the start: what goes on, what is open."""
        for fact in going_on(self._ground, rules):
            self._match.recall(fact)
        self._recall.watching.awaits(list(self._memory.cases), self._now())

    def _read_silences(self) -> None:
        at = self._now()
        with self._ground.transaction() as db:
            self._mute.silences = silences.in_force(db, at)
        self._mute_changes = self._mute.next_change(at)

    def _pipeline(self) -> tuple[Stage, ...]:
        return (
            Hold(self._rules, self._times, self._ground.caught_up, self._fresh.sure),
            Keep(self._rules),
            Explain(self._open_at),
            Hide(self._rules, self._open_of, self._open_at),
            self._mute,
            Dedup(self._rules),
            Route(self._decided),
            self._storm,
        )

    def _is_school_day(self, there: date) -> bool:
        return bool(self._times.day(there).spans)

    def _decided(self, case: Case, at: int) -> Decision | None:
        if not self._routing:
            return None
        alert = case.alert
        owner = self._rules[alert.key.rule].owner
        return self._routing.decide(alert.key, alert.severity, owner, at)

    def _made(self, channel: str, since: int) -> Sequence[str]:
        return self._draft.made(channel, since)

    def _open_of(self, rule: str, place: str) -> Sequence[Case]:
        return self._draft.open_of(rule, place)

    def _open_at(self, school: str) -> Sequence[Case]:
        return self._draft.open_at(school)

    def _rows(self, limit: int) -> int:
        with self._ground.transaction() as db:
            found = self._ground.rows(db, limit)
            if not found:
                return 0
            draft = self._draft = Draft(self._memory, self._now())
            facts = RowFacts(self._ground, db, draft.at)
            for fact in facts.of(found):
                self._say(draft, self._match.event(fact))
            self._ground.move(db, found[-1].row)
            self._write(db, draft)
        self._take_over(draft)
        self.counts["alert_words_ignored", ""] += facts.ignored
        return len(found)

    def _skip(self) -> int:
        with self._ground.transaction() as db:
            (row,) = self._ground.rows(db, 1)
            self._ground.move(db, row.row)
        self.counts["alert_rows_failed", ""] += 1
        _log.exception("row %d of the events is left out of the alerts", row.row)
        return 1

    @contextmanager
    def _drafting(self) -> Iterator[Draft]:
        """Write what the block drafts, if anything, and take it over."""
        draft = self._draft = Draft(self._memory, self._now())
        yield draft
        if draft.written or draft.messages:
            with self._ground.transaction() as db:
                self._write(db, draft)
        self._take_over(draft)

    def _write(self, db: sqlite3.Connection, draft: Draft) -> None:
        self._keep(db, draft)
        self._follow_up.heard(db, draft, self._routing)

    def _keep(self, db: sqlite3.Connection, draft: Draft) -> None:
        self._recorded.write(db, draft, tables.write(db, draft, self._router))

    def _follow(self, routing: Routing) -> None:
        """Tell what follows of what lasts, and the digest, each in one transaction."""
        for work in (self._follow_up, self._digest):
            draft = self._draft = Draft(self._memory, self._now())
            if not work.may_be_due(draft.at, routing):
                continue
            with self._ground.transaction() as db:
                due = work.is_due(db, draft.at, routing)
                if due:
                    self._say_more(draft, work.said(db, draft, routing, self._decided))
                    self._keep(db, draft)
            self._take_over(draft)
            work.done(due=due)

    def _say_more(self, draft: Draft, found: Iterable[Said | DigestSaid]) -> None:
        for said in found:
            tellings = [self._telling(case) for case in said.about]
            message = said.message(tellings, draft.at, self._words)
            channels, repeat = said.channels, said.repeat
            draft.tell(message, said.about, said.place, repeat=repeat, channels=channels)

    def _take_over(self, draft: Draft) -> None:
        draft.take_over()
        self.revision += bool(draft.written)
        for case in draft.changed():
            self._count(case, draft)
            rule = self._rules[case.alert.key.rule]
            times = (due(case, rule, draft.at), self._mute.again(case, draft.at))
            when = min(filter(None, times), default=0)
            if when:
                self._memory.wake(case.alert.key, when)
            if not case.is_open:
                self._fresh.forget(case.alert.key)
        self.counts["alerts_refused", ""] += draft.refused
        self.counts["alert_series_refused", ""] += self._recall.refused
        for key in draft.unrouted:
            self.counts["alerts_unrouted", key.rule] += 1
        for message in draft.messages:
            self.counts["alert_messages", message.notification.reason] += 1

    def _count(self, case: Case, draft: Draft) -> None:
        alert = case.alert
        if alert.state == "firing" and alert.fired_at == draft.at:
            self.counts["alerts_fired", alert.key.rule] += 1
        if alert.state == "ended" and not case.folds:
            self.counts["alerts_ended", alert.key.rule] += 1

    def _say(self, draft: Draft, signals: Iterator[Signal]) -> None:
        for signal in signals:
            case = draft.get(signal.key)
            if not case.is_open and signal.said != "on":
                continue
            if not case.is_open and not draft.has_room(signal.key.place):
                draft.refused += 1
                continue
            if signal.said != "off":
                self._fresh.seen(signal.key, draft.at)
            self._step(draft, Step(case, signal))

    def _step(self, draft: Draft, step: Step) -> None:
        before = step.case
        step = run(self._stages, step, draft.at)
        case = step.case
        if case == before and not step.reason:
            if case.is_open and step.signal is None:
                draft.note(case)  # to be looked at again
            return
        updates = step.signal is not None and step.signal.updates
        if before.is_open and case == before.changed(details=case.alert.details) and not updates:
            draft.note(case)
            return
        if step.reason:
            repeat = self._is_repeat(step)
            case = draft.put(replace(case, repeat=False))
            place = case.alert.key.place
            self._tell(draft, [case], step.reason, place, repeat=repeat, channels=step.to)
        else:
            case = draft.put(case)
        for channel, wait in step.waits.items():
            draft.waits[channel] = min(wait, draft.waits.get(channel, wait))
        if step.unrouted:
            draft.unrouted.append(case.alert.key)
        draft.suppress(before.alert, case.alert)
        if explains(before) != explains(case):
            for other in draft.open_at(case.alert.key.school):
                if other.alert.key.rule in EXPLAINED:
                    self._step(draft, Step(other))

    def _is_repeat(self, step: Step) -> bool:
        """Return whether people may have been told before the database was set back."""
        alert, restored_at = step.case.alert, self._ground.restored_at()
        if step.reason == "FIRST":
            return step.case.repeat or alert.began_at <= restored_at
        return bool(step.signal and step.signal.repeat) or alert.ended_at <= restored_at

    def _tell(
        self,
        draft: Draft,
        about: Sequence[Case],
        reason: Reason,
        place: str,
        *,
        repeat: bool,
        channels: tuple[str, ...],
    ) -> None:
        tellings = [self._telling(case) for case in about]
        message = summary(tellings, reason, draft.at, self._words)
        draft.tell(message, about, place, repeat=repeat, channels=channels)

    def _telling(self, case: Case) -> Telling:
        alert = case.alert
        spreads = AlertKey(ATTACK_SPREADS, "", kind_of(alert.key.rule).code)
        raised = self._draft.get(spreads).alert.state in ("firing", "keeping")
        return telling_of(alert, self._rules, self._words, named=case.named, raised=raised)

    def _summarise(self, draft: Draft) -> None:
        """Tell what was folded, where that is due."""
        for one in summaries(draft, self._storm):
            self._tell(
                *(draft, one.about, one.reason, one.place),
                repeat=one.repeat,
                channels=one.channels,
            )


def _is_refused(error: Exception) -> bool:
    """Return whether the database refused for now; else statement and values do not fit."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError
