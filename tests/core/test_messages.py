"""Birth, death, receipt and claim: read back unchanged, and what hostile JSON becomes."""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import messages
from core.errors import HeaderError
from core.messages import Birth, Claim, ClockReport, Death, EpochReport, Receipt
from core.types import BatchKey
from tests.chance import examples

EPOCH = "K3M6T0QX9V2ZB8DN"
BIRTH = Birth(
    epoch=EPOCH,
    conn=3,
    no=17,
    version="0.1.0",
    started="2026-11-22T08:00:00Z",
    spool="Q7",
    clock=ClockReport(12.5, checked=True),
    epochs=[EpochReport("A" * 16, "readings", 880, [871, 880], [(12, 40, "full")])],
)
RECEIPT = Receipt("d1", 1_795_374_585_123, got={"readings": {EPOCH: [(1042, "9f3c01aa")]}})
READERS: dict[str, Callable[[bytes], object]] = {
    "state": messages.read_state,
    "receipt": messages.read_receipt,
    "claim": messages.read_claim,
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "state": json.loads(messages.encode(BIRTH)),
    "receipt": json.loads(messages.encode(RECEIPT)),
    "claim": json.loads(messages.encode(Claim("d1", 5))),
}
each_reader = pytest.mark.parametrize("kind", ["state", "receipt", "claim"])


def test_messages_are_read_back_unchanged() -> None:
    assert messages.read_state(messages.encode(BIRTH)) == BIRTH
    for last_word in (Death("down", EPOCH, 3), Death("stopped", EPOCH, 3)):
        assert messages.read_state(messages.encode(last_word)) == last_word
    assert messages.read_receipt(messages.encode(RECEIPT)) == RECEIPT
    assert messages.read_claim(messages.encode(Claim("d1", 5))) == Claim("d1", 5)


def test_the_messages_of_the_contract_are_read() -> None:
    assert messages.read_state(
        b'{"schoolwatch":1,"state":"down","epoch":"K3M6T0QX9V2ZB8DN","conn":3}'
    ) == Death("down", EPOCH, 3)
    receipt = messages.read_receipt(
        b'{"schoolwatch":1,"collector":"d1","time":1795374585123,"got":{"readings":'
        b'{"K3M6T0QX9V2ZB8DN":[[1042,"9f3c01aa"]]},"events":{}},"refused":{},"conflict":{},'
        b'"closed":["A1B2C3D4E5F6G7H8"],"birth":0,"backfill_bytes_per_s":2048}'
    )
    assert messages.keys_of(receipt.got) == [(BatchKey(EPOCH, "readings", 1042), "9f3c01aa")]
    assert receipt.closed == ["A1B2C3D4E5F6G7H8"]


def test_a_crc_is_written_with_its_zeros() -> None:
    assert messages.crc_text(0) == "00000000"
    assert messages.crc_text(0x9F3C01AA) == "9f3c01aa"


def test_lanes_of_a_later_version_are_left_out_of_a_receipts_keys() -> None:
    keys = {"films": {EPOCH: [(1, "00000000")]}, "events": {EPOCH: [(2, "00000000")]}}
    assert messages.keys_of(keys) == [(BatchKey(EPOCH, "events", 2), "00000000")]


@each_reader
@pytest.mark.parametrize("more", ["null", "[[]]", "1e300", "1" + "0" * 400, "9" * 5_000, '"学"'])
def test_unknown_words_are_ignored_whatever_they_hold(kind: str, more: str) -> None:
    payload = json.dumps(EXAMPLES[kind])[:-1] + f', "later": {more}}}'
    assert READERS[kind](payload.encode()) == READERS[kind](json.dumps(EXAMPLES[kind]).encode())


DAMAGED = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a string": b'"schoolwatch"',
    "cut off": b'{"schoolwatch":1',
    "single quotes": b"{'schoolwatch':1}",
    "two values": b'{"schoolwatch":1}{}',
    "a mark of byte order": b'\xef\xbb\xbf{"schoolwatch":1}',
    "UTF-16": '{"schoolwatch":1}'.encode("utf-16"),
    "not UTF-8": b'{"schoolwatch":1,"collector":"\xff","epoch":"\xff","state":"up","time":1}',
    "half of a character": b'{"schoolwatch":1,"collector":"\\ud800","state":"\\udc00","time":1}',
    "250,000 open brackets": b"[" * 250_000,
    "40,000 objects in each other": b'{"schoolwatch":' * 17_000,
    "brackets in an unknown word": b'{"later":' + b"[" * 120_000 + b"]" * 120_000 + b"}",
    "no version": b'{"collector":"d1","time":1,"state":"up"}',
    "a version that is too new": b'{"schoolwatch":2}',
    "a version that is no number": b'{"schoolwatch":"1"}',
    "a version that is true": b'{"schoolwatch":true}',
    "a version of 400 digits": b'{"schoolwatch":1' + b"0" * 400 + b"}",
    "a version of 5,000 digits": b'{"schoolwatch":1' + b"0" * 5_000 + b"}",
    "a version that is NaN": b'{"schoolwatch":NaN}',
    "more than 256,000 bytes": b'{"schoolwatch":1,"later":"' + b"x" * 256_000 + b'"}',
}


@each_reader
@pytest.mark.parametrize("payload", DAMAGED.values(), ids=list(DAMAGED))
def test_damaged_messages_are_refused_with_a_short_reason(kind: str, payload: bytes) -> None:
    with pytest.raises(HeaderError) as damage:
        READERS[kind](payload)
    assert 0 < len(str(damage.value)) < 200


WRONG_WORDS: list[tuple[str, str, object]] = [
    ("state", "conn", -1),
    ("state", "conn", 10**15),
    ("state", "conn", 10**400),
    ("state", "no", 1.5),
    ("state", "no", "1"),
    ("state", "asked", True),
    ("state", "version", "x" * 101),
    ("state", "version", None),
    ("state", "state", "sideways"),
    ("state", "state", ["up"]),
    ("state", "epoch", "k3m6t0qx9v2zb8dn"),
    ("state", "epoch", EPOCH + "\n"),
    ("state", "clock", {"offset_ms": "late"}),
    ("state", "epochs", [{"epoch": "A", "lane": "readings", "high": 1}]),
    ("state", "epochs", [{"epoch": EPOCH, "lane": "films", "high": 1}]),
    ("state", "epochs", [{"epoch": EPOCH, "lane": "readings", "high": 10**400}]),
    ("state", "epochs", [{"epoch": EPOCH, "lane": "readings", "high": 1, "held": [1]}]),
    ("state", "epochs", [{"epoch": EPOCH, "lane": "readings", "high": 1, "held": [0, 1]}]),
    ("state", "epochs", [{"epoch": EPOCH, "lane": "readings", "high": 1, "dropped": [[1, 2]]}]),
    ("receipt", "got", {"readings": {EPOCH: [[10**400, "00000000"]]}}),
    ("receipt", "got", {"readings": {EPOCH: [[0, "00000000"]]}}),
    ("receipt", "refused", {"readings": {EPOCH: [[1, "0000000G"]]}}),
    ("receipt", "conflict", {"readings": {EPOCH: [[1, "00000000\n"]]}}),
    ("receipt", "closed", EPOCH),
    ("receipt", "time", -1),
    ("receipt", "backfill_bytes_per_s", 10**400),
    ("receipt", "birth", None),
    ("claim", "collector", "x" * 101),
    ("claim", "time", math.pi),
]


@pytest.mark.parametrize(("kind", "word", "value"), WRONG_WORDS)
def test_a_message_with_an_impossible_word_is_refused(kind: str, word: str, value: object) -> None:
    with pytest.raises(HeaderError) as damage:
        READERS[kind](json.dumps(EXAMPLES[kind] | {word: value}).encode())
    assert 0 < len(str(damage.value)) < 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999"])
def test_a_clock_offset_is_a_finite_number(number: str) -> None:
    payload = messages.encode(BIRTH).replace(b"12.5", number.encode())
    with pytest.raises(HeaderError):
        messages.read_state(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(EPOCH),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@each_reader
@given(data=st.data())
@settings(max_examples=examples(300))
def test_any_message_is_read_or_refused(kind: str, data: st.DataObject) -> None:
    words = dict(EXAMPLES[kind])
    for word in data.draw(st.sets(st.sampled_from(sorted(words)), max_size=3)):
        words[word] = data.draw(JSON)
    payload = json.dumps(words).encode()
    cut = data.draw(st.integers(0, len(payload)))
    for damaged in (payload, payload[:cut], payload[:cut] + data.draw(st.binary(max_size=20))):
        with suppress(HeaderError):
            READERS[kind](damaged)


def test_the_birth_that_the_contract_shows_is_read_as_it_stands_there() -> None:
    shown = b"""{"schoolwatch":1,"state":"up","epoch":"K3M6T0QX9V2ZB8DN","conn":3,"no":17,"asked":0,
        "version":"0.1.0","started":"2026-11-22T08:00:00Z","spool":"Q7","more":false,
        "clock":{"offset_ms":12,"checked":true},
        "epochs":[{"epoch":"A910000000000000","lane":"readings","high":880,"held":[871,880],
                   "dropped":[[12,40,"full"]]},
                  {"epoch":"K3M6T0QX9V2ZB8DN","lane":"readings","high":1042,
                   "held":[1040,1042,1044,1044],"dropped":[]}]}"""
    birth = messages.read_state(shown)
    assert isinstance(birth, messages.Birth)
    assert [report.held_ranges() for report in birth.epochs] == [
        [(871, 880)],
        [(1040, 1042), (1044, 1044)],
    ]
    assert birth.epochs[0].dropped == [(12, 40, "full")]


def test_half_a_held_range_is_refused() -> None:
    half = b'{"schoolwatch":1,"state":"up","epoch":"K3M6T0QX9V2ZB8DN","conn":1,"no":1,"version":"",'
    half += b'"started":"","spool":"","epochs":[{"epoch":"K3M6T0QX9V2ZB8DN","lane":"readings",'
    with pytest.raises(HeaderError, match="pairs of first and last"):
        messages.read_state(half + b'"high":3,"held":[3]}]}')
