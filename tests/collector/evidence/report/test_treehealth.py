"""The signed head of the log, held against the lines themselves."""

import base64
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from collector.evidence.report.finding import Found
from collector.evidence.report.looks import LOOKS
from core.clock import rfc3339
from core.merkle.hashing import leaf_hash, root_of
from core.merkle.note import Checkpoint, key_id, signed, verifier_key
from core.merkle.tiles import tile_name
from tests.collector.evidence.report.recorded import DAY, District, gaps
from tests.collector.evidence.report.test_logtally import line, seal
from tests.collector.making import NOW

ORIGIN = "schoolwatch/d1"


class Signed(District):
    """A district whose log has twenty rows and a checkpoint of them."""

    key = Ed25519PrivateKey.generate()

    @property
    def log(self) -> Path:
        return self.var / "audit" / "2026-11-23.jsonl"

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def write(self, size: int = 20) -> list[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        announced = {"key": verifier_key(ORIGIN, self.public)}
        lines = [line(1, "audit_key", details=announced), *map(line, range(2, size + 1))]
        self.log.write_bytes(b"".join(lines))
        return lines

    def sign(self, lines: list[bytes], at: int = NOW) -> None:
        root = root_of(one[:-1] for one in lines)
        text = Checkpoint(ORIGIN, len(lines), root, (f"time {rfc3339(at)}",)).text()
        note = signed(text, ORIGIN, self.public, self.key.sign)
        (self.log.parent / "checkpoint").write_bytes(note.encode())

    def tree(self) -> Found:
        sources = self.sources()
        with sources.opened:
            return LOOKS["log_tree"](sources)


@pytest.fixture
def logged(district: District) -> Signed:
    found = Signed(district.folder)
    shutil.rmtree(found.log.parent)
    found.log.parent.mkdir()
    return found


def holes(found: Found) -> list[str]:
    return [gap.what.en for gap in found.gaps if gap.hole]


def test_before_there_is_a_tree_nothing_is_known_of_it(district: District) -> None:
    for name in ("checkpoint", "checkpoints"):
        (district.var / "audit" / name).unlink(missing_ok=True)
    sources = district.sources()
    with sources.opened:
        found = LOOKS["log_tree"](sources)
    assert found.unknown
    assert gaps(found) == ["no signed checkpoints and witnesses guard the audit log yet"]


def test_a_log_that_is_what_was_signed_says_so_and_may_have_grown(logged: Signed) -> None:
    lines = logged.write()
    logged.sign(lines[:15])
    found = logged.tree()
    assert holes(found) == []
    assert "a signed checkpoint of 15 rows" in found.figure.en
    assert "the root computed anew is its own" in found.figure.en
    assert gaps(found) == ["no witness holds a checkpoint and agrees"]
    seal(logged.log)
    assert holes(logged.tree()) == []


def test_a_record_that_was_changed_is_not_what_was_signed(logged: Signed) -> None:
    lines = logged.write()
    logged.sign(lines)
    logged.log.write_bytes(logged.log.read_bytes().replace(b'"row":7', b'"row":7,"x":1'))
    assert holes(logged.tree()) == ["the log is not what was signed: it was changed"]
    logged.log.write_bytes(b"".join(lines))
    assert holes(logged.tree()) == []


def test_a_log_that_was_cut_has_fewer_rows_than_were_signed(logged: Signed) -> None:
    lines = logged.write()
    logged.sign(lines)
    logged.log.write_bytes(b"".join(lines[:12]))
    assert holes(logged.tree()) == ["20 rows were signed and 12 are there: the log was cut"]


def test_a_checkpoint_by_another_key_is_none(logged: Signed) -> None:
    lines = logged.write()
    logged.sign(lines)
    path = logged.log.parent / "checkpoint"
    text = path.read_text(encoding="utf-8").rpartition("\n\n")[0] + "\n"
    forged = key_id(ORIGIN, logged.public) + Ed25519PrivateKey.generate().sign(text.encode())
    note = f"{text}\n\u2014 {ORIGIN} {base64.b64encode(forged).decode()}\n"
    path.write_text(note, encoding="utf-8")
    assert holes(logged.tree()) == ["no key that is known signed the checkpoint"]


def tiles(folder: Path, lines: list[bytes]) -> None:
    leaves = [leaf_hash(one[:-1]) for one in lines]
    path = folder / tile_name(0, 0, len(leaves))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(leaves))


def test_what_is_left_of_a_log_whose_beginning_went_by_age_is_held_against_the_tiles(
    logged: Signed,
) -> None:
    lines = logged.write()
    key = verifier_key(ORIGIN, logged.public)
    logged.sign(lines)
    logged.log.write_bytes(b"".join(lines[11:]))
    assert any("the root cannot be computed here" in text for text in gaps(logged.tree()))
    tiles(logged.log.parent, lines)
    assert holes(logged.tree()) == ["no key that is known signed the checkpoint"]
    (logged.log.parent / "keys").write_text(f"{key} 2026-01-01T00:00:00Z\n", encoding="utf-8")
    assert holes(logged.tree()) == []
    assert "the root computed anew is its own" in logged.tree().figure.en
    logged.log.write_bytes(b"".join(lines[11:]).replace(b'"row":17', b'"row":17,"x":1'))
    assert holes(logged.tree()) == ["the log is not what was signed: it was changed"]


def test_a_damaged_checkpoint_is_a_hole_and_the_log_is_read_all_the_same(logged: Signed) -> None:
    logged.write()
    (logged.log.parent / "checkpoint").write_bytes(b"rubbish")
    (said,) = holes(logged.tree())
    assert said.startswith("the checkpoint is damaged: ")
    assert logged.clause("8.1.4.3 b").finding.blocked == []


def test_a_key_that_only_the_folder_names_is_a_flaw(logged: Signed) -> None:
    lines = [*map(line, range(1, 10))]
    logged.log.write_bytes(b"".join(lines))
    logged.sign(lines)
    assert holes(logged.tree()) == ["no key that is known signed the checkpoint"]
    key = verifier_key(ORIGIN, logged.public)
    (logged.log.parent / "keys").write_text(f"{key} 2026-01-01T00:00:00Z\n", encoding="utf-8")
    assert holes(logged.tree()) == []
    assert "the key that signed is not announced in the log yet" in gaps(logged.tree())


def test_an_old_checkpoint_is_a_flaw(logged: Signed) -> None:
    logged.sign(logged.write(), at=NOW - 2 * DAY)
    assert any("over a day old" in text for text in gaps(logged.tree()))
