"""Batches as bytes: what is read back, and what damaged or hostile bytes become."""

import itertools
import random
import tracemalloc
from collections.abc import Iterable
from contextlib import suppress

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import wire
from core.errors import HeaderError, PayloadError
from core.wire import Header, KeyedHeaderError
from tests.chance import examples

EPOCH = "K3M6T0QX9V2ZB8DN"
SEQS = st.integers(1, 10**15 - 1)
EPOCHS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=16, max_size=16)
LINES = st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), max_size=5)
HEADERS = st.builds(Header, EPOCHS, SEQS, st.just(0), st.booleans())
UNKNOWN = st.lists(st.from_regex(r"[a-z]{5,9}(=[a-z0-9=]*)?", fullmatch=True), max_size=3)


@given(HEADERS, LINES)
def test_a_sealed_batch_splits_into_its_header_and_lines(
    header: Header, lines: list[bytes]
) -> None:
    header = Header(header.epoch, header.seq, len(lines), header.clock_unchecked)
    found, rest = wire.split_header(wire.seal(header, lines))
    assert found == header
    assert rest == b"".join(line + b"\n" for line in lines)


@given(HEADERS, UNKNOWN, st.randoms(use_true_random=False))
def test_header_words_come_in_any_order_and_unknown_ones_are_ignored(
    header: Header, unknown: list[str], order: random.Random
) -> None:
    mark, version, *words = header.encode().decode().split()
    words += unknown
    order.shuffle(words)
    found, _ = wire.split_header(" ".join([mark, version, *words]).encode() + b"\n")
    assert found == header


@pytest.mark.parametrize(
    "body", [b"", b"m a=1 1\n", b"# a comment\nm a=1\n", b"\n", b"# school", b"\xff\xfe"]
)
def test_a_payload_without_our_mark_has_no_header_and_stays_whole(body: bytes) -> None:
    assert wire.split_header(body) == (None, body)


NOT_READABLE = {
    "a version that is too new": (b"# schoolwatch/2 epoch=%b seq=1 n=0\n", "version 2"),
    "a version of six digits": (b"# schoolwatch/111111 epoch=%b seq=1 n=0\n", "first line is not"),
    "no version": (b"# schoolwatch/ epoch=%b seq=1 n=0\n", "first line is not"),
    "a word grown together with the version": (b"# schoolwatch/1epoch=%b n=0\n", "first line is"),
    "no space after the hash sign": (b"#schoolwatch/1 epoch=%b seq=1 n=0\n", "first line is not"),
    "an empty line before it": (b"\n# schoolwatch/1 epoch=%b seq=1 n=0\n", "first line is not"),
    "an epoch that is too short": (b"# schoolwatch/1 epoch=%.15b seq=1 n=0\n", "epoch 'K3M6T0QX9"),
    "an epoch with the letter U": (b"# schoolwatch/1 epoch=U%.15b seq=1 n=0\n", "epoch 'UK3M6T0Q"),
    "no seq": (b"# schoolwatch/1 epoch=%b n=0\n", "seq ''"),
    "seq 0": (b"# schoolwatch/1 epoch=%b seq=0 n=0\n", "seq '0'"),
    "a seq of 16 digits": (b"# schoolwatch/1 epoch=%b seq=1234567890123456 n=0\n", "seq '12345"),
    "a seq in Arabic digits": (b"# schoolwatch/1 epoch=%b seq=\xd9\xa3 n=0\n", "seq '"),
    "a seq of 3,000 digits": (b"# schoolwatch/1 epoch=%b seq=" + b"9" * 3_000, "seq '999"),
    "a seq that comes twice": (b"# schoolwatch/1 epoch=%b seq=1 seq=2 n=0\n", "word seq twice"),
    "a header of 5,000 bytes": (b"# schoolwatch/1 epoch=%b " + b"x" * 5_000, "the limit is"),
}


@pytest.mark.parametrize(("body", "words"), NOT_READABLE.values(), ids=list(NOT_READABLE))
def test_a_header_without_a_readable_key_can_be_given_no_receipt(body: bytes, words: str) -> None:
    with pytest.raises(HeaderError) as damage:
        wire.split_header(body % EPOCH.encode() if b"%" in body else body)
    assert words in str(damage.value)
    assert not isinstance(damage.value, KeyedHeaderError)
    assert len(str(damage.value)) < 200


WRONG_COUNT = {
    "no count": (b"", b"a\n", "n ''"),
    "a count of six digits": (b" n=123456", b"a\n", "n '123456'"),
    "a negative count": (b" n=-1", b"a\n", "n '-1'"),
    "a line too few": (b" n=2", b"a\n", "header says 2 lines, 1 came"),
    "a line too many": (b" n=1", b"a\nb\n", "header says 1 lines, 2 came"),
    "a last line that was cut off": (b" n=1", b"a\nb", "does not end with a newline"),
}


@pytest.mark.parametrize(("count", "rest", "words"), WRONG_COUNT.values(), ids=list(WRONG_COUNT))
def test_a_damaged_batch_with_a_readable_key_can_be_refused(
    count: bytes, rest: bytes, words: str
) -> None:
    with pytest.raises(KeyedHeaderError, match=words) as damage:
        wire.split_header(b"# schoolwatch/1 seq=7 epoch=%b%b\n%b" % (EPOCH.encode(), count, rest))
    assert (damage.value.epoch, damage.value.seq) == (EPOCH, 7)


def test_a_header_that_ends_with_the_message_is_damaged() -> None:
    with pytest.raises(KeyedHeaderError, match="newline"):
        wire.split_header(b"# schoolwatch/1 epoch=%b seq=7 n=0" % EPOCH.encode())


@given(
    st.one_of(
        st.binary(max_size=80),
        st.binary(max_size=40).map(lambda rest: b"# schoolwatch/1 " + rest),
        st.text("# scholwat/1epq=n\n\t0123", max_size=60).map(str.encode),
    )
)
@settings(max_examples=examples(500))
@example(b"# schoolwatch/1 " * 200)
def test_any_payload_has_a_header_or_none_or_a_reason(body: bytes) -> None:
    with suppress(HeaderError):
        header, rest = wire.split_header(body)
        assert header is None or rest.count(b"\n") == header.lines


def test_a_new_epoch_is_80_random_bits_in_crockfords_letters() -> None:
    epochs = {wire.new_epoch() for _ in range(500)}
    assert len(epochs) == 500
    assert all(wire.EPOCH.fullmatch(epoch) for epoch in epochs)
    assert set("".join(epochs)) == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_the_crc_is_the_one_that_everybody_knows() -> None:
    assert wire.crc(b"123456789") == 0xCBF43926


@given(st.binary(max_size=2_000) | st.binary(max_size=20).map(lambda piece: piece * 500))
def test_what_is_packed_is_unpacked_unchanged_and_never_longer(body: bytes) -> None:
    body = b"m " + body
    packed = wire.pack(body)
    assert wire.unpack(packed) == body
    assert len(packed) <= len(body)


def test_four_million_bytes_are_unpacked_and_one_more_is_refused() -> None:
    body = b"x" * wire.MAX_UNPACKED_BYTES
    assert wire.unpack(wire.pack(body)) == body
    with pytest.raises(PayloadError, match="more than 4000000 bytes when unpacked"):
        wire.unpack(wire.pack(body + b"x"))


def test_256_kb_are_taken_and_one_byte_more_is_refused() -> None:
    assert wire.unpack(b"x" * wire.MAX_SENT_BYTES)
    for first in (b"x", wire.ZSTD_MAGIC):
        with pytest.raises(PayloadError, match="the limit is 256000"):
            wire.unpack(first.ljust(wire.MAX_SENT_BYTES + 1, b"x"))


@pytest.mark.parametrize("declared", [True, False], ids=["size declared", "size not declared"])
def test_an_unpacking_bomb_is_refused_before_it_fills_the_memory(declared: bool) -> None:
    bomb = zstd(itertools.repeat(bytes(1_000_000), 400), 400_000_000 if declared else None)
    assert len(bomb) < 40_000
    tracemalloc.start()
    with pytest.raises(PayloadError, match=r"unpacked|memory"):
        wire.unpack(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * wire.MAX_UNPACKED_BYTES


def test_a_frame_that_asks_for_too_much_memory_is_refused() -> None:
    with pytest.raises(PayloadError, match="not a whole zstd frame"):
        wire.unpack(zstd([b"m a=1 1\n"], window_log=25))
    assert wire.unpack(zstd([b"m a=1 1\n"], window_log=23)) == b"m a=1 1\n"


@given(st.integers(0, 10_000), st.booleans())
@example(0, True)
@example(1, False)
def test_a_frame_that_was_cut_off_is_refused(cut: int, declared: bool) -> None:
    body = b"".join(b"m a=%d %d\n" % (n, n * n) for n in range(500))
    frame = zstd([body], len(body) if declared else None)
    with pytest.raises(PayloadError):
        wire.unpack(frame[: 4 + cut % (len(frame) - 4)])


@pytest.mark.parametrize(
    "more", [b"x", b"\0", wire.pack(b"m a=1\n" * 9), b"\x50\x2a\x4d\x18\0\0\0\0"]
)
def test_nothing_may_follow_the_frame(more: bytes) -> None:
    frame = wire.pack(b"m a=1 1\n" * 100)
    with pytest.raises(PayloadError, match=f"{len(more)} bytes follow the zstd frame"):
        wire.unpack(frame + more)


@given(st.binary(max_size=200), st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_any_bytes_are_unpacked_or_refused(noise: bytes, at: int, wrong: bytes) -> None:
    frame = wire.pack(b"m,t=v a=1 1\n" * 50)
    at %= len(frame)
    for payload in (noise, wire.ZSTD_MAGIC + noise, frame[:at] + wrong + frame[at + len(wrong) :]):
        with suppress(PayloadError):
            assert len(wire.unpack(payload)) <= wire.MAX_UNPACKED_BYTES


def zstd(pieces: Iterable[bytes], size: int | None = None, window_log: int = 0) -> bytes:
    """Return one frame, which declares its size where one is given."""
    options = zstandard.ZstdCompressionParameters(window_log=window_log)
    writer = zstandard.ZstdCompressor(compression_params=options)
    packer = writer.compressobj() if size is None else writer.compressobj(size=size)
    return b"".join([*map(packer.compress, pieces), packer.flush()])


def test_a_first_line_of_megabytes_is_refused_before_it_is_taken_apart() -> None:
    words = b" ".join(b"w%d=1" % number for number in range(100_000))
    with pytest.raises(HeaderError, match="the limit is 4000"):
        wire.split_header(b"# schoolwatch/1 " + words + b"\n")
