"""Refused lines as letters, and the way back from the store's words to a batch."""

from msgspec.structs import replace

from collector import refusals
from collector.intake import arrive
from collector.linecheck import Refused
from collector.store.base import RefusedLine
from core.types import BatchKey
from tests.collector.making import NOW, A, batch, readings

ARRIVAL = arrive(readings(batch()), NOW)
KEY = BatchKey(A, "readings", 1)


def refused(number: int, reason: str, line: bytes = b"x") -> Refused:
    return Refused(number, line, "syntax", reason)


def test_lines_of_one_reason_share_a_letter_that_names_them() -> None:
    lines = [refused(2, "odd", b"one"), refused(3, "bad"), refused(9, "odd", b"two")]
    odd, bad = refusals.letters_of(ARRIVAL, KEY, lines)
    assert (odd.payload, odd.reason, odd.kind) == (b"one\ntwo\n", "odd", "syntax")
    assert odd.about == {"epoch": A, "seq": 1, "lines": [2, 9]}
    assert bad.about["lines"] == [3]


def test_very_many_reasons_or_bytes_keep_the_message_as_it_came() -> None:
    many = [refused(number, f"odd {number}") for number in range(99)]
    large = [refused(2, "odd", b"x" * 65_000)]
    for lines in (many, large):
        (letter,) = refusals.letters_of(ARRIVAL, KEY, lines)
        assert letter.payload == ARRIVAL.payload
        assert f"{len(lines)} lines refused: odd" in letter.reason


def test_what_the_store_refused_is_traced_to_every_batch_that_holds_it() -> None:
    written = [b"a\nb\n", b"", b"b\nc\n"]
    found, lost = refusals.trace([RefusedLine(b"b", "type"), RefusedLine(b"z\n", "odd")], written)
    assert [[line.line for line in batch] for batch in found] == [[b"b"], [], [b"b"]]
    assert found[0][0].reason == "type"
    assert lost == [RefusedLine(b"z\n", "odd")]


def test_a_batch_without_refused_lines_leaves_no_letter() -> None:
    assert refusals.letters_of(ARRIVAL, KEY, []) == []


def test_of_what_the_catalogue_does_not_know_no_word_is_kept() -> None:
    sent = b'pupils,class=3\\ b,room=101 name="Li \\"x\\"",age=9i,ok=t 17'
    unknown = Refused(2, sent, "unknown_measurement", "unknown measurement 'pupils'")
    odd = Refused(2, b"pupils,class=3 name=Li 17", "unknown_measurement", "odd")
    assert refusals.letters_of(ARRIVAL, KEY, [odd])[0].payload == b"pupils,class=removed removed\n"
    known = refused(3, "odd", b'mem,interface=a name="Li" 17')
    letters = refusals.letters_of(ARRIVAL, KEY, [unknown, known])
    assert [letter.payload for letter in letters] == [
        b'pupils,class=removed,room=removed name="removed",age=9i,ok=true 17\n',
        b'mem,interface=a name="Li" 17\n',
    ]
    (flood,) = refusals.letters_of(ARRIVAL, KEY, [replace(unknown, number=n) for n in range(3_000)])
    assert b"Li" not in flood.payload
    assert flood.digest == ARRIVAL.digest, "of what came"
