"""Dead letters on a real disk: once each, whole after a crash, bounded."""

import base64
import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from collector.deadletters import DeadLetters, Letter
from core import wire
from core.clock import SECOND
from core.errors import StoreStopped
from core.personbytes import find_bytes
from tests.persons import identity_number, mobile_number

DAY = 86_400 * SECOND
NOW = 1_795_374_585 * SECOND
"""2026-11-22."""


class Clock:
    at = NOW

    def __call__(self) -> int:
        return self.at


def letters(folder: Path, max_bytes: int = 100_000_000, now: Clock | None = None) -> DeadLetters:
    return DeadLetters(folder, max_bytes=max_bytes, keep_days=30, now=now or Clock())


def letter(text: str, topic: str = "a/b", kind: str = "payload") -> Letter:
    return Letter(topic, kind, "because", text.encode())


def kept(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_a_letter_holds_what_people_need(tmp_path: Path) -> None:
    letters(tmp_path).keep([Letter("a/b", "header", "no n", b"\xff#", about={"seq": 7})])
    (record,) = kept(tmp_path)
    assert base64.b64decode(record["payload"]) == b"\xff#"
    assert record["digest"] == hashlib.sha256(b"\xff#").hexdigest()
    said = {name: record[name] for name in ("time", "topic", "kind", "reason", "seq")}
    assert list(said.values()) == ["2026-11-22T19:09:45Z", "a/b", "header", "no n", 7]
    assert [file.name for file in tmp_path.iterdir()] == ["2026-11-22.jsonl"]


def test_a_letter_is_kept_once_however_often_it_comes_and_after_a_restart(tmp_path: Path) -> None:
    first = letters(tmp_path)
    assert first.keep([letter("x"), letter("x"), letter("x", topic="a/c"), letter("y")]) == 3
    assert first.keep([letter("x")]) == 0
    assert letters(tmp_path).keep([letter("x"), letter("z")]) == 1
    assert len(kept(tmp_path)) == 4


def test_after_a_restart_a_letter_of_a_week_ago_is_known_too(tmp_path: Path) -> None:
    clock = Clock()
    for day in range(7):
        letters(tmp_path, now=clock).keep([letter(f"of day {day}")])
        clock.at += DAY
    assert letters(tmp_path, now=clock).keep([letter(f"of day {day}") for day in range(8)]) == 1


def test_a_payload_that_was_cut_says_how_large_it_was(tmp_path: Path) -> None:
    letters(tmp_path).keep([Letter("a/b", "payload", "large", b"x" * 10, 10_000_000, "d" * 64)])
    (record,) = kept(tmp_path)
    assert (record["size"], record["kept"], record["digest"]) == (10_000_000, 10, "d" * 64)


def test_what_a_crash_tore_swallows_no_later_letter(tmp_path: Path) -> None:
    letters(tmp_path).keep([letter("x"), letter("y")])
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    assert letters(tmp_path).keep([letter("y"), letter("z")]) == 2
    whole = [line for line in file.read_text().splitlines() if line.endswith("}")]
    assert [base64.b64decode(json.loads(line)["payload"]) for line in whole] == [b"x", b"y", b"z"]


def test_a_full_disk_leaves_nothing_torn_and_the_letter_is_kept_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping = letters(tmp_path)
    keeping.keep([letter("x")])

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoreStopped, match=r"dead letters .*2026-11-22\.jsonl .*: No space"):
            keeping.keep([letter("y")])
    assert len(kept(tmp_path)) == 1
    assert keeping.keep([letter("y")]) == 1
    assert len(kept(tmp_path)) == 2


def test_a_flood_costs_disk_up_to_the_limit_and_what_went_is_counted(tmp_path: Path) -> None:
    keeping = letters(tmp_path, max_bytes=1_000_000)
    for number in range(400):
        keeping.keep([letter(f"{number}" * 2_000)])
    size = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert 700_000 < size < 1_150_000
    assert keeping.lost > 0
    assert keeping.lost + len(kept(tmp_path)) == 400


def test_old_days_go_and_are_not_called_lost(tmp_path: Path) -> None:
    clock = Clock()
    keeping = letters(tmp_path, now=clock)
    for _ in range(40):
        clock.at += DAY
        keeping.keep([letter(str(clock.at))])
    keeping.tidy()
    assert (len(list(tmp_path.iterdir())), keeping.lost) == (31, 0)


def test_a_topic_of_half_characters_and_no_end_can_be_kept(tmp_path: Path) -> None:
    letters(tmp_path).keep([letter("x", topic="\ud800" + "学" * 70_000)])
    (record,) = kept(tmp_path)
    assert len(record["topic"]) == 500


def test_a_letter_holds_no_number_of_a_person_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    person, phone = identity_number(), mobile_number()
    said = f'pupils name="Li",id={person}i,phone="{phone}" 1\n'.encode()
    sent = [said, wire.pack(said * 50), f"id={person}".encode("utf-16"), b"mem used=1i 1\n"]
    letters(tmp_path).keep([Letter(f"a/{phone}", "x", f"no {person}", body) for body in sent])
    everything = (tmp_path / "2026-11-22.jsonl").read_bytes()
    records = kept(tmp_path)
    bodies = [base64.b64decode(record["payload"]) for record in records]
    assert bodies[0].startswith(b'pupils name="Li",id=[id number removed]i,phone="[phone')
    assert bodies[1] == bodies[0] * 50, "opened, for what is packed cannot be cut"
    assert bodies[2:] == [b"", b"mem used=1i 1\n"]
    assert [record.get("persons_removed") for record in records] == [2, 100, 1, None]
    assert records[0]["digest"] == hashlib.sha256(said).hexdigest(), "of what came"
    assert find_bytes(everything + b"".join(bodies)) == []
    assert (tmp_path / "2026-11-22.jsonl").stat().st_mode & 0o777 == 0o600
    assert letters(tmp_path).keep([Letter(f"a/{phone}", "x", "", said)]) == 0, "known again"
