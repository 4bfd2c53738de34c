"""How often what is no number of a person is taken for one, and how fast text is searched.

python -m tests.bench.persondata
"""

import time
from collections.abc import Callable
from random import Random

from core.personbytes import find_bytes
from core.persondata import find

TRIES = 100_000


def main() -> None:
    """Print the share of each kind of random text in which a number is found."""
    rolled = Random(11)
    kinds: dict[str, Callable[[], str]] = {
        "18 random digits": lambda: f"{rolled.randint(10**17, 10**18 - 1)}",
        "15 random digits": lambda: f"{rolled.randint(10**14, 10**15 - 1)}",
        "11 random digits": lambda: f"{rolled.randint(10**10, 10**11 - 1)}",
        "times in ns": lambda: (
            f"{rolled.randint(1_600_000_000, 1_999_999_999)}{rolled.randint(0, 10**9 - 1):09}"
        ),
        "times in us": lambda: (
            f"{rolled.randint(1_600_000_000, 1_999_999_999)}{rolled.randint(0, 999_999):06}"
        ),
        "times in ms": lambda: (
            f"{rolled.randint(1_600_000_000, 1_999_999_999)}{rolled.randint(0, 999):03}"
        ),
        "SHA-256 in hex": lambda: f"{rolled.getrandbits(256):064x}",
        "SHA-256 in decimal": lambda: f"{rolled.getrandbits(256)}",
        "OIDs": lambda: "1.3.6.1." + ".".join(f"{rolled.randint(0, 10**11)}" for _ in range(8)),
        "MAC addresses": lambda: ":".join(f"{rolled.getrandbits(8):02x}" for _ in range(6)),
        "UUIDs": lambda: "-".join(f"{rolled.getrandbits(4 * n):0{n}x}" for n in (8, 4, 4, 4, 12)),
        "floats": lambda: f"{rolled.uniform(0, 10**11)!r}",
    }
    for name, make in kinds.items():
        wrong = sum(bool(find(make())) for _ in range(TRIES))
        print(f"{name:20} {wrong:6} of {TRIES:,}: {wrong / TRIES:.5%}")  # noqa: T201
    line = b"2026-11-29T03:16:29Z INFO agent: row 123 at 1795374585000000000 of 192.0.2.20\n"
    for name, data in (
        ("a log", line * 100_000),
        ("random bytes", rolled.randbytes(8_000_000)),
    ):
        began = time.perf_counter()
        found = len(find_bytes(data))
        speed = len(data) / 1e6 / (time.perf_counter() - began)
        print(f"{name:20} {speed:6.1f} MB/s, {found} found")  # noqa: T201


if __name__ == "__main__":
    main()
