"""What an agent holds of the audit log, against one that is cut, rewritten and signed anew."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.witness import Heard, Witness
from agent.witnesskept import FOLDER, HELD, MOST_REFUSED, evidence, read_held
from core.details import allowed
from core.errors import SpoolError
from core.merkle.note import checkpoint_in
from core.merkle.notes import read_framed
from core.messages import Receipt, read_receipt
from tests.core.merkle.making import Log

NOW = 1_795_374_585_000_000_000


def witness(folder: Path, pinned: str = "") -> Witness:
    return Witness(folder / FOLDER, pinned, lambda: NOW)


def said(heard: Heard) -> list[tuple[str, bool]]:
    return [(event.kind, event.active) for event in heard.events]


def size(found: Witness) -> int:
    (told,) = found.told()
    return told.size


def test_it_follows_a_log_that_grows_also_over_a_restart(tmp_path: Path) -> None:
    log, ours = Log().grow(3), witness(tmp_path)
    assert ours.hear(log.receipt()) == Heard(tell=True), "the district hears of a new witness"
    for _ in range(5):
        held = len(log.entries)
        assert size(ours) == held
        assert ours.hear(log.grow(7).receipt(held)) == Heard()
        ours = witness(tmp_path)
    assert ours.hear(log.grow(7).receipt(len(log.entries) - 7)).tell, "nothing was told since"
    assert evidence(tmp_path / FOLDER) == []


def test_a_log_that_was_rewritten_and_signed_again_is_refused_and_said_once(
    tmp_path: Path,
) -> None:
    log, ours = Log().grow(9), witness(tmp_path)
    ours.hear(log.receipt())
    forged = Log(minute=30).grow(4).grow(8, "other")
    heard = ours.hear(forged.receipt(9))
    assert said(heard) == [("audit_inconsistent", True)]
    details = heard.events[0].details
    assert (details["size"], details["new_size"]) == (9, 12)
    assert details["root"] != details["new_root"]
    assert heard.tell, "the collector is to know at once"
    assert said(ours.hear(forged.grow(5).receipt(9))) == []
    (told,) = witness(tmp_path).told()
    assert (told.size, told.refused, told.trouble) == (9, 1, "audit_inconsistent")
    (file,) = evidence(tmp_path / FOLDER)
    notes = list(read_framed(file.read_bytes()))
    assert [checkpoint_in(note.text).size for note in notes] == [9, 12]
    for note in notes:
        note.check(log.origin, log.public)

    # The true log is put back: what was refused ends, and nothing of the evidence goes.
    log.minute = 40
    assert said(ours.hear(log.grow(2).receipt(9))) == [("audit_inconsistent", False)]
    assert len(evidence(tmp_path / FOLDER)) == 1


def test_an_event_that_the_disk_refuses_is_told_with_the_next_checkpoint(tmp_path: Path) -> None:
    log, ours = Log().grow(9), witness(tmp_path)
    ours.hear(log.receipt())

    def refuse(_events: object) -> None:
        raise SpoolError("full")

    forged = Log(minute=30).grow(4).grow(8, "other")
    with pytest.raises(SpoolError):
        ours.hear(forged.receipt(9), refuse)
    assert said(ours.hear(forged.receipt(9))) == [("audit_inconsistent", True)]


def test_as_many_rows_and_other_ones_are_refused(tmp_path: Path) -> None:
    ours = witness(tmp_path)
    ours.hear(Log().grow(9).receipt())
    heard = ours.hear(Log(minute=9).grow(8).grow(1, "other").receipt(9))
    assert said(heard) == [("audit_inconsistent", True)]


def test_a_log_that_was_cut_is_refused_and_a_late_checkpoint_is_none(tmp_path: Path) -> None:
    log, ours = Log().grow(5), witness(tmp_path)
    late = log.receipt()
    ours.hear(late)
    ours.hear(log.grow(4).receipt(5))
    assert ours.hear(late) == Heard(), "a message of before may come late"
    log.entries = log.entries[:7]
    heard = ours.hear(log.receipt(9))
    assert said(heard) == [("audit_went_back", True)]
    assert size(ours) == 9
    assert said(ours.hear(log.grow(9, "other").receipt(9))) == [
        ("audit_went_back", False),
        ("audit_inconsistent", True),
    ]


def test_an_old_checkpoint_again_and_again_is_a_log_that_went_back(tmp_path: Path) -> None:
    log, ours = Log().grow(5), witness(tmp_path)
    old = log.receipt()
    ours.hear(old)
    ours.hear(log.grow(4).receipt(5))
    found = [said(ours.hear(old)) for _ in range(4)]
    assert found == [[], [], [("audit_went_back", True)], []]


def test_a_lost_receipt_costs_a_birth_and_a_collector_that_does_not_prove_is_told_of(
    tmp_path: Path,
) -> None:
    log, ours = Log().grow(5), witness(tmp_path)
    ours.hear(log.receipt())
    log.grow(4)  # the receipt with this one is lost
    heard = ours.hear(log.grow(4).receipt(9))
    assert (said(heard), heard.tell) == ([], True)
    ours.told()
    assert said(ours.hear(log.grow(4).receipt(5))) == []
    assert size(ours) == 17
    for _ in range(3):
        ours.told()
        assert said(ours.hear(log.grow(1).receipt(3))) == []
    ours.told()
    assert said(ours.hear(log.grow(1).receipt(3))) == [("audit_inconsistent", True)]


def test_keys_change_where_the_one_before_names_the_next(tmp_path: Path) -> None:
    log = Log().grow(5)
    pin = log.verifier
    ours = witness(tmp_path, pin)
    ours.hear(log.receipt())
    keys = [log.new_key(1), log.new_key(2)]
    assert said(ours.hear(log.grow(1).receipt(5, keys))) == []
    assert size(ours) == 6
    ours = witness(tmp_path, pin)
    assert said(ours.hear(log.grow(1).receipt(6, []))) == [], "it is trusted from now on"
    assert size(ours) == 7
    log.new_key(3)
    assert said(ours.hear(log.grow(1).receipt(7))) == [("audit_inconsistent", True)]
    ours = witness(tmp_path, log.verifier)
    assert said(ours.hear(log.grow(1).receipt(7))) == [("audit_inconsistent", False)]
    assert size(ours) == 9, "a person has pinned the new key"


def test_a_restored_log_is_followed_only_where_a_person_said_so_and_leaves_evidence(
    tmp_path: Path,
) -> None:
    log, ours = Log().grow(9), witness(tmp_path)
    ours.hear(log.receipt())
    log.entries = log.entries[:6]
    log.grow(8, "after")
    assert said(ours.hear(log.receipt(9))) == [("audit_inconsistent", True)]
    other = log.given_up(9, "2026-11-22T09:00:00Z")
    assert said(ours.hear(log.receipt(9, [other]))) == [], "not what is held here"
    before = log.given_up(6, "2026-11-22T08:00:00Z")
    assert said(ours.hear(log.receipt(9, [before]))) == [], "made later than that"
    person = log.given_up(6, "2026-11-22T09:00:00Z")
    heard = ours.hear(log.receipt(9, [person]))
    assert said(heard) == [("audit_inconsistent", False), ("audit_given_up", True)]
    details = heard.events[1].details
    assert (details["size"], details["new_size"], details["set_back_to"]) == (9, 14, 6)
    assert allowed(details)[0] == details, "the district keeps every detail"
    assert size(ours) == 14
    assert len(evidence(tmp_path / FOLDER)) == 2
    assert "王敏" in evidence(tmp_path / FOLDER)[-1].read_text()


@pytest.mark.parametrize(
    "bad",
    [
        '{"collector":"d1","time":1,"checkpoint":"nonsense"}',
        '{"collector":"d1","time":1,"checkpoint":"a\\n1\\n\\n\\u2014 a AAAA\\n"}',
        '{"collector":"d1","time":1,"checkpoint":"","proof":["!"]}',
    ],
)
def test_what_is_no_checkpoint_is_left_out_and_the_receipt_counts(tmp_path: Path, bad: str) -> None:
    ours = witness(tmp_path)
    receipt = read_receipt(bad.replace('{"', '{"schoolwatch":1,"', 1).encode())
    assert ours.hear(receipt) == Heard()
    assert ours.told() == []


def test_another_collector_has_a_log_of_its_own(tmp_path: Path) -> None:
    one, two, ours = Log("d1").grow(9), Log("d2").grow(3), witness(tmp_path)
    ours.hear(one.receipt())
    assert said(ours.hear(two.receipt())) == []
    assert said(ours.hear(one.grow(1).receipt(9))) == []
    assert {told.origin: told.size for told in ours.told()} == {one.origin: 10, two.origin: 3}
    stolen = one.receipt(10)
    as_other = Receipt(collector="d2", time=1, checkpoint=stolen.checkpoint)
    assert ours.hear(as_other) == Heard(), "a log of another name is not the sender's"


def test_a_damaged_file_is_set_aside_and_the_evidence_is_bounded(tmp_path: Path) -> None:
    log, ours = Log().grow(9), witness(tmp_path)
    ours.hear(log.receipt())
    for number in range(MOST_REFUSED + 5):
        forged = Log(minute=number + 10).grow(4 + number % 2 * 9, "other")
        ours.hear(forged.receipt(9))
    assert len(evidence(tmp_path / FOLDER)) == MOST_REFUSED
    (tmp_path / FOLDER / HELD).write_text('[{"note": "x"}]')
    ours = witness(tmp_path)
    assert ours.told() == []
    ours.hear(log.receipt())
    assert list(read_held(tmp_path / FOLDER)) == [log.origin]


def test_a_pinned_key_is_the_only_one_for_the_first(tmp_path: Path) -> None:
    log, ours = Log().grow(2), witness(tmp_path, Log(key=_key(7)).verifier)
    assert ours.hear(log.receipt()) == Heard()
    assert ours.told() == []


def _key(seed: int) -> Ed25519PrivateKey:
    log = Log()
    log.new_key(seed)
    return log.key
