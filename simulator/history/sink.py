"""Where history goes: the three databases of an InfluxDB, or three SQLite files side by side."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from collector.store.influx_door import Door
from collector.store.influx_errors import Place
from collector.store.sqlite import SqliteStore
from core.errors import StoreBusy, StoreStopped

Part = Literal["", "_1h", "_1d"]
"""What is added to the name of the bucket: raw points, hours, days."""
PARTS: Final[tuple[Part, ...]] = ("", "_1h", "_1d")

MAX_LINES: Final = 10_000
MAX_BYTES: Final = 4_000_000
TIMEOUT_S: Final = 60.0
TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Target:
    """An InfluxDB at `url`, or with `file` SQLite; `token` is never shown."""

    url: str = ""
    token: str = field(default="", repr=False)
    org: str = ""
    bucket: str = "schoolwatch"
    file: Path | None = None


Write = Callable[[bytes], None]


@dataclass(slots=True)
class Sink:
    """Gathers lines and writes them in large pieces; `lines` and `size` count what was written.

    One piece is written while the next is gathered. To be used with `with`: what is held at its end
    is written, unless it ends with an error.
    """

    target: Target
    lines: int = 0
    size: int = 0
    _held: dict[Part, list[bytes]] = field(default_factory=lambda: {part: [] for part in PARTS})
    _bytes: dict[Part, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    _writers: dict[Part, Write] = field(default_factory=dict)
    _closers: list[Callable[[], None]] = field(default_factory=list)
    _worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _under_way: "Future[None] | None" = None

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self._worker.shutdown()
            for close in self._closers:
                close()

    def put(self, part: Part, line: bytes) -> None:
        """Take a line; raises StoreBusy or StoreStopped where what was held cannot be written."""
        held = self._held[part]
        held.append(line)
        self._bytes[part] += len(line) + 1
        if len(held) >= MAX_LINES or self._bytes[part] >= MAX_BYTES:
            self._flush(part)

    def flush(self) -> None:
        """Write what is held."""
        for part in PARTS:
            self._flush(part)
        self._wait()

    def _flush(self, part: Part) -> None:
        held = self._held[part]
        if not held:
            return
        self._held[part], self._bytes[part] = [], 0
        self._wait()
        self._under_way = self._worker.submit(self._write, part, held)

    def _wait(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way:
            under_way.result()

    def _write(self, part: Part, held: list[bytes]) -> None:
        body = b"\n".join((*held, b""))
        self._patiently(part, body)
        self.lines += len(held)
        self.size += len(body)

    def _patiently(self, part: Part, body: bytes) -> None:
        if part not in self._writers:
            self._writers[part] = self._open(part)
        # One that never took anything is not busy: it is not there.
        for pause in range(TRIES - 1 if self.lines else 0):
            with suppress(StoreBusy):
                self._writers[part](body)
                return
            time.sleep(2**pause / 2)
        self._writers[part](body)

    def _open(self, part: Part) -> Write:
        target = self.target
        if target.file:
            path = target.file.with_name(f"{target.file.stem}{part}{target.file.suffix}")
            store = SqliteStore(path)
            self._closers.append(store.close)
            return lambda body: _refused([one.reason for one in store.write(body)])
        place = Place(target.url.rstrip("/"), target.org, f"{target.bucket}{part}")
        # Not the store that takes anybody's lines: it looks at each, and these are our own.
        door = Door(place, target.token, TIMEOUT_S)
        self._closers.append(door.close)

        def write(body: bytes) -> None:
            refusal = door.write(body)
            _refused([refusal.words] if refusal else [])

        return write


def _refused(reasons: list[str]) -> None:
    if reasons:
        raise StoreStopped(f"the store refuses {len(reasons)} lines: {reasons[0]}")
