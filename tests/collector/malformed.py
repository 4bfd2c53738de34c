"""Messages that nobody can take in, from a seed: each function makes one kind.

Every message names its number in its topic, so that its letter can be found, and is bad for
certain: a mutation that could come out good by luck is not among them.
"""

import random
from collections.abc import Callable, Iterator

import zstandard

from core import messages, topics, wire
from core.messages import EpochReport
from core.mqtt import Message
from core.types import Identity
from tests.collector.making import NOW, REGION, A, batch, birth

BOMB_BYTES = 400_000_000
NO_SEQ = ("0", "-1", "01", "1.5", "٣", "")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

Maker = Callable[[random.Random, Identity], Message]


def someone(number: int) -> Identity:
    return Identity(REGION, f"bad-{number}", "host")


def _sent(who: Identity, payload: bytes, channel: topics.Channel = "readings") -> Message:
    return Message(topics.topic(who, channel), payload, False, 0, 1)


def _junk(rng: random.Random, most: int) -> bytes:
    return rng.randbytes(rng.randint(1, most))


def _epoch(rng: random.Random) -> str:
    return "".join(rng.choices(CROCKFORD, k=16))


def _good(rng: random.Random) -> bytes:
    lines = [b"mem used=%di %d" % (n, NOW + n) for n in range(rng.randint(1, 30))]
    return batch(_epoch(rng), rng.randint(1, 10**6), lines)


def topic(rng: random.Random, who: Identity) -> Message:
    """A level that no identity has, in a topic that our subscriptions match."""
    name = who.school
    levels = rng.choice(
        [
            [name, ""],
            [name, "学校"],
            ["." + name, "host"],
            [name, "a b"],
            [name, "x" * 33],
            [name, "h\u0000st"],
            [name, "host\ufffd"],
            [name * 5, "x" * 32],
            [name, "-"],
            [name, "$SYS"],
        ]
    )
    place = "/".join([topics.ROOT, REGION, *levels, "readings"])
    return Message(place, rng.choice([_good(rng), _junk(rng, 99), b""]), False, 0, 1)


def foreign(rng: random.Random, who: Identity) -> Message:
    """Another region, channel or number of levels, as a broken bridge delivers them."""
    place = rng.choice(
        [
            f"{topics.ROOT}/999999/{who.school}/host/readings",
            f"{topics.ROOT}/{REGION}/{who.school}/readings",
            f"{topics.ROOT}/{REGION}/{who.school}/host/extra/readings",
            f"schoolwatch/v2/{REGION}/{who.school}/host/readings",
            f"{topics.ROOT}/{REGION}/{who.school}/host/command",
            f"{topics.ROOT}/{REGION}/{who.school}/host/receipt",
        ]
    )
    return Message(place, _good(rng), False, 0, 1)


def header(rng: random.Random, who: Identity) -> Message:
    """A first line that says that it is ours, and is not."""
    lines = b"mem used=1i %d\n" % NOW
    first = rng.choice(
        [
            f"# schoolwatch/{rng.randint(2, 99_999)} epoch={_epoch(rng)} seq=1 n=1",
            f"# schoolwatch/{'9' * rng.randint(6, 6_000)} epoch={_epoch(rng)} seq=1 n=1",
            f"#schoolwatch/1 epoch={_epoch(rng)} seq=1 n=1",
            f" # schoolwatch/1 epoch={_epoch(rng)} seq=1 n=1",
            "# schoolwatch/",
            f"# schoolwatch/1 epoch={_epoch(rng)[:15]} seq=1 n=1",
            f"# schoolwatch/1 epoch={_epoch(rng)[:15]}U seq=1 n=1",
            f"# schoolwatch/1 epoch={_epoch(rng).lower()}i seq=1 n=1",
            f"# schoolwatch/1 epoch={_epoch(rng)} seq={'9' * rng.randint(16, 6_000)} n=1",
            f"# schoolwatch/1 epoch={_epoch(rng)} seq={rng.choice(NO_SEQ)} n=1",
            f"# schoolwatch/1 epoch={_epoch(rng)} n=1",
            f"# schoolwatch/1 seq=1 n=1 {' '.join(f'w{n}=1' for n in range(9_999))}",
        ]
    )
    return _sent(who, wire.pack(first.encode() + b"\n" + lines))


def damaged(rng: random.Random, who: Identity) -> Message:
    """A batch whose key can be read, and whose lines are not those that it left with."""
    body = _good(rng)
    first, _, rest = body.partition(b"\n")
    count = first.rpartition(b"=")[0]
    hurt = rng.choice(
        [
            body[: len(first) + 1 + rng.randrange(len(rest))],
            body + _junk(rng, 99).replace(b"\n", b" "),
            body + b"mem used=1i 1\n",
            b"%b=%d\n%b" % (count, rng.randint(31, 99_999), rest),
            b"%b=%b\n%b" % (count, b"1" * rng.randint(6, 6_00), rest),
            b"%b=-1\n%b" % (count, rest),
            b"%b=\n%b" % (count, rest),
            first,
        ]
    )
    return _sent(who, wire.pack(hurt))


def frame(rng: random.Random, who: Identity) -> Message:
    """A zstd frame that was cut, continued, or never was one."""
    packed = zstandard.ZstdCompressor(level=rng.choice([1, 3, 9])).compress(_good(rng))
    hurt = rng.choice(
        [
            packed[: rng.randint(4, len(packed) - 1)],
            packed + packed,
            packed + _junk(rng, 40),
            packed[:4] + _junk(rng, 300) + b"\xff" * 8,
            zstandard.ZstdCompressor().compress(bytes(5_000_000)),
        ]
    )
    return _sent(who, hurt)


def line(rng: random.Random, who: Identity) -> Message:
    """A good batch of bad lines: it is received, and the lines are not stored."""
    bad = rng.choice(
        [
            b"kernel boot_time=%di %d" % (rng.randint(1, 9), NOW),
            b"mem used=%d.5 %d" % (rng.randint(1, 9), NOW),
            b"mem used=1i",
            b"mem used=1i %d" % (NOW + 10**15),
            b"mem used=1i " + b"9" * rng.randint(20, 6_000),
            b"mem used=" + b"9" * rng.randint(20, 6_000) + b"i %d" % NOW,
            b"mem used=1i,used=2i %d" % NOW,
            b"mem,=x used=1i %d" % NOW,
            b"mem used %d" % NOW,
            b"mem \xff\xfe=1i %d" % NOW,
            b'agent version="no end %d' % NOW,
            b'agent version="%b" %d' % (b"v" * 65_000, NOW),
            b"\\" * rng.randint(1, 60_000),
            b'"' * rng.randint(1, 60_000),
            b"," * rng.randint(1, 9_000) + b" =",
            b"mem" + b",a=b" * rng.randint(1, 9_000),
            b"mem used=1u %d" % NOW,
            b"mem used_percent=NaN %d" % NOW,
            b"mem odd=1i %d" % NOW,
        ]
    )
    return _sent(who, wire.pack(batch(_epoch(rng), rng.randint(1, 10**6), [bad])))


def headless(rng: random.Random, who: Identity) -> Message:
    """Bytes of a publisher without a header that are no line at all."""
    payload = b"\x01" + _junk(rng, 400).replace(b"\n", b"\x00")
    return _sent(who, payload)


def word(rng: random.Random, who: Identity) -> Message:
    """A birth or will that no agent says."""
    good = messages.encode(birth())
    said = rng.choice(
        [
            good[: rng.randint(1, len(good) - 1)],
            good + b"}",
            good.replace(b'"no":1', b'"no":%d' % rng.choice([-1, 10**17, 10**40])),
            good.replace(b'"no":1', b'"no":"1"'),
            good.replace(A.encode(), b"I" * 16),
            good.replace(b'"up"', rng.choice([b'"sideways"', b"null", b"[]"])),
            good.replace(b'"schoolwatch":1', b'"schoolwatch":%d' % rng.choice([0, 2, 99])),
            b"[" * rng.randint(1, 200_000),
            b'{"a":' * rng.randint(1, 40_000),
            b"9" * rng.randint(1, 200_000),
            b'"\\ud800"',
            b"\xff" + _junk(rng, 99),
            b"null",
            messages.encode(birth(epochs=[EpochReport(A, "readings", 1, [9, 1])])),
            messages.encode(birth(epochs=[EpochReport("x", "readings", 1)])),
        ]
    )
    return _sent(who, said, "state")


MAKERS: tuple[Maker, ...] = (topic, foreign, header, damaged, frame, line, headless, word)


def bomb(who: Identity, *, declared: bool) -> Message:
    """A few kilobytes that unpack to 400 MB."""
    size = BOMB_BYTES if declared else -1
    packer = zstandard.ZstdCompressor().compressobj(size=size)
    zeros = bytes(1_000_000)
    frames = [packer.compress(zeros) for _ in range(BOMB_BYTES // len(zeros))]
    return _sent(who, b"".join(frames) + packer.flush())


def oversized(who: Identity, channel: topics.Channel = "readings") -> Message:
    return _sent(who, b"x" * 10_000_000, channel)


def malformed(seed: int, count: int) -> Iterator[Message]:
    """Yield *count* messages, two bombs and two 10 MB payloads among them."""
    rng = random.Random(seed)
    special: dict[int, Callable[[Identity], Message]] = {
        count // 5: lambda who: bomb(who, declared=True),
        2 * count // 5: lambda who: bomb(who, declared=False),
        3 * count // 5: oversized,
        4 * count // 5: lambda who: oversized(who, "state"),
    }
    for number in range(count):
        made = special.get(number)
        who = someone(number)
        yield made(who) if made else rng.choice(MAKERS)(rng, who)
