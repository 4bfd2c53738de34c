"""What agents hold, and what the collector makes of it: real agents' witnesses, a log in memory."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.witness import Witness
from agent.witnesskept import FOLDER
from collector.config import CollectorTable
from collector.evidence.statements import Statements
from collector.evidence.witnesses import Witnesses, witness_sight
from collector.evidence.witnessrows import WitnessRows
from collector.journal import Journal
from collector.ledger import Ledger
from collector.parts import open_journal
from collector.receipts import Offer
from core.merkle.note import Note, read_note
from core.messages import Birth, Receipt
from core.types import Event, Identity
from tests.collector.desk import audited_in
from tests.collector.making import REGION
from tests.core.merkle.making import Log

NOW = 1_795_374_585_000_000_000


@dataclass
class Signed:
    """The log in memory as the collector reads it; `newest` is its checkpoint."""

    made: Log
    newest: str = ""
    proofs: int = 0
    folder: Path = Path()

    @property
    def public(self) -> bytes:
        return self.made.public

    @property
    def verifier_key(self) -> str:
        return self.made.verifier

    def state(self, text: str) -> Note:
        return read_note(self.made.sign(text).encode())

    def sign(self) -> None:
        self.newest = self.made.note()

    def note(self) -> Note | None:
        return read_note(self.newest.encode()) if self.newest else None

    def root(self, size: int) -> bytes:
        return self.made.checkpoint(size).root

    def consistency(self, old: int, new: int) -> list[bytes]:
        self.proofs += 1
        assert new == len(self.made.entries)
        return self.made.proof(old)


@dataclass
class District:
    """A collector's side of witnessing, and agents with the real witness in each."""

    folder: Path
    journal: Journal
    ledger: Ledger
    log: Signed = field(default_factory=lambda: Signed(Log().grow(9)))
    agents: dict[Identity, Witness] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin as after a restart: what is not in the database is gone."""
        self.statements = Statements(self.folder / "audit")
        self.ours = Witnesses(
            *(self.log.made.origin, self.log, self.log, self.statements),
            *(WitnessRows(self.ledger), self.journal, lambda: NOW, lambda: self.at),
        )

    def agent(self, number: int) -> Identity:
        who = Identity(REGION, f"school-{number}", "host")
        folder = self.folder / str(number) / FOLDER
        self.agents[who] = Witness(folder, self.log.made.verifier, lambda: NOW)
        return who

    def birth(self, who: Identity) -> None:
        birth = Birth("K3M6T0QX9V2ZB8DN", 1, 1, "1", "", "", witness=self.agents[who].told())
        self.ours.hear(who, birth, is_new=True)

    async def minute(self, who: Identity) -> Offer | None:
        """Let a minute pass: a checkpoint is signed, and a receipt goes to *who*."""
        self.at += 601
        self.log.sign()
        await self.ours.turn()
        offer = self.ours.offer(who)
        if offer:
            heard = self.agents[who].hear(Receipt("d1", 1, **offer._asdict()))
            self.told += heard.events
            if heard.tell:
                self.birth(who)
        await self.ours.turn()
        return offer

    def verdict(self, who: Identity) -> str:
        return self.ours.standings[who].verdict

    def noted(self) -> list[tuple[str, bool]]:
        rows = audited_in(self.folder)
        return [(r["kind"], r["active"]) for r in rows if r["kind"].startswith("witness_")]

    def alerts(self) -> list[str]:
        return [wrong.kind for wrong in witness_sight(self.ours, NOW).wrong]


@pytest.fixture
def district(tmp_path: Path) -> Iterator[District]:
    table = CollectorTable(regions=(REGION,), folder=tmp_path)
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        yield District(tmp_path, open_journal(table, ledger, lambda: NOW), ledger)


async def test_who_counts_while_a_turn_ends_counts_one_moment(district: District) -> None:
    first = district.agent(1)
    district.birth(first)
    await district.minute(first)
    counting = iter(district.ours.standings.values())
    next(counting)
    second = district.agent(2)
    district.birth(second)
    await district.minute(second)
    assert [*counting] == []
    assert sum(district.ours.counts().values()) == 2


async def test_agents_get_each_new_checkpoint_with_a_proof_that_holds(district: District) -> None:
    who = district.agent(1)
    district.birth(who)
    assert await district.minute(who)
    for _ in range(6):
        district.log.made.grow(5)
        assert await district.minute(who)
    assert not await district.minute(who), "nothing is new"
    (held,) = district.agents[who].told()
    assert held.size == 39
    district.birth(who)
    await district.ours.turn()
    assert district.verdict(who) == "agrees"
    assert (district.told, district.noted(), district.alerts()) == ([], [], [])


async def test_an_agent_of_before_and_one_that_was_not_heard_get_none(district: District) -> None:
    who = district.agent(1)
    assert await district.minute(who) is None
    district.ours.hear(who, Birth("K3M6T0QX9V2ZB8DN", 1, 1, "1", "", ""), is_new=True)
    assert await district.minute(who) is None


async def test_many_agents_get_one_rarely_and_share_the_proofs(district: District) -> None:
    many = [district.agent(number) for number in range(200)]
    for who in many:
        district.birth(who)
    district.log.sign()
    await district.ours.turn()
    assert all(district.ours.offer(who) for who in many)
    district.log.made.grow(5)
    district.log.sign()
    await district.ours.turn()
    district.at += 599
    assert not any(district.ours.offer(who) for who in many)
    district.at += 2
    assert all(district.ours.offer(who) for who in many)
    assert district.log.proofs <= 5


async def test_a_log_that_was_cut_or_rewritten_is_noticed_by_both_sides(
    district: District,
) -> None:
    one, two = district.agent(1), district.agent(2)
    for who in (one, two):
        district.birth(who)
        await district.minute(who)
    whole = list(district.log.made.entries)
    district.log.made.entries = whole[:6]
    district.start()
    for who in (one, two):
        district.birth(who)
        await district.minute(who)
    assert [district.verdict(who) for who in (one, two)] == ["ahead", "ahead"]
    assert [event.kind for event in district.told] == ["audit_went_back"] * 2
    assert district.alerts() == ["witness_ahead"]
    assert district.noted()[-1] == ("witness_ahead", True)

    # The log grows past what they hold, over other rows.
    district.log.made.grow(20, "other")
    await district.minute(one)
    assert district.verdict(two) == "differs", "told of what it said before"
    assert district.alerts() == ["witness_disagrees"]
    assert ("witness_ahead", False) in district.noted()
    district.start()
    assert district.alerts() == ["witness_disagrees"], "also over a restart"

    # The true log is put back.
    district.log.made.entries = whole
    district.log.made.grow(3)
    for who in (one, two):
        district.birth(who)
        await district.minute(who)
        district.birth(who)
    await district.ours.turn()
    assert [district.verdict(who) for who in (one, two)] == ["agrees", "agrees"]
    assert district.alerts() == []
    assert district.noted()[-1] == ("witness_disagrees", False)
    assert not [event for event in district.told[-2:] if event.active]


async def test_only_a_person_makes_a_restored_log_one_to_live_with(district: District) -> None:
    who = district.agent(1)
    district.birth(who)
    await district.minute(who)
    made = district.log.made
    made.entries = made.entries[:6]
    made.grow(9, "after")
    district.start()
    district.birth(who)
    await district.minute(who)
    assert district.verdict(who) == "differs"
    district.statements.add(read_note(made.given_up(8, "2026-11-22T08:02:30Z").encode()))
    await district.minute(who)
    assert [(one.kind, one.active) for one in district.told[-2:]] == [
        ("audit_inconsistent", False),
        ("audit_given_up", True),
    ]
    (held,) = district.agents[who].told()
    assert held.size == 15
    district.birth(who)
    await district.ours.turn()
    assert (district.verdict(who), district.alerts()) == ("agrees", [])

    # What happens after that is not covered by it.
    made.entries = [*made.entries[:14], b"changed"]
    await district.minute(who)
    assert (district.verdict(who), district.alerts()) == ("differs", ["witness_disagrees"])


async def test_a_key_that_was_changed_with_a_statement_is_followed(district: District) -> None:
    who = district.agent(1)
    district.birth(who)
    await district.minute(who)
    district.statements.add(read_note(district.log.made.new_key(5).encode()))
    district.start()
    district.log.made.grow(4)
    district.birth(who)
    await district.minute(who)
    (held,) = district.agents[who].told()
    assert (held.size, held.trouble, district.told) == (13, "", [])
