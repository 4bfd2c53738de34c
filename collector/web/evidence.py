"""The audit log's checkpoints and proofs, for auditors and for stock clients of C2SP tlog-tiles.

Read-only, and open as the rest of what the API reads: a hash is no person's. What a row says is not
given here. Each question reads a few tiles, whatever the log's size.
Watch it: curl -s http://127.0.0.1:8480/audit/checkpoint
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from collector.evidence.reader import LogReader
from collector.evidence.tree import read_tile
from collector.evidence.witnesses import Witnesses
from collector.web import params
from collector.web.params import ParameterError
from collector.web.reads import Reads
from collector.web.source import Source
from core.clock import rfc3339
from core.errors import StartError, StoreBusy
from core.merkle.hashing import HASH_BYTES
from core.merkle.note import NoteError, checkpoint_in
from core.merkle.tiles import WIDTH

_T = TypeVar("_T")
CONSISTENCY: Final = ("old", "new")
INCLUSION: Final = ("row", "size")
MOST: Final = 10**15
MOST_LISTED: Final = 1_000
TILE: Final = re.compile(r"([0-9]{1,2})/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?")


class CheckpointAnswer(msgspec.Struct, frozen=True):
    """The newest checkpoint: `note` is what was signed, with the signature."""

    origin: str
    size: int
    root: str
    key: str
    note: str


class ConsistencyAnswer(msgspec.Struct, frozen=True):
    """The proof (RFC 9162) that the log of `new` rows continues that of `old`, in base64."""

    old: int
    new: int
    proof: list[str]


class InclusionAnswer(msgspec.Struct, frozen=True):
    """The proof that the row with this leaf hash is one of the first `size` rows."""

    row: int
    size: int
    leaf: str
    root: str
    proof: list[str]


class WitnessValue(msgspec.Struct, frozen=True):
    """What one agent holds, and whether the log agrees."""

    agent: str
    verdict: str
    size: int
    root: str
    key: str
    made: str
    refused: int
    trouble: str
    seen: str
    seen_ns: int


class WitnessesAnswer(msgspec.Struct, frozen=True):
    """How many witnesses stand how; `last_ns` is when the last of them agreed."""

    counts: dict[str, int]
    last: str | None
    last_ns: int
    witnesses: list[WitnessValue]


@dataclass(frozen=True, slots=True)
class EvidenceApi:
    """The handlers of `/api/v1/audit/` and `/audit/`; raise HTTPNotFound where no log is kept."""

    source: Source
    reads: Reads

    async def checkpoint(self, _request: web.Request) -> CheckpointAnswer:
        """Return the newest checkpoint."""
        ours = self._witnesses()
        note = await self._ask(LogReader.note)
        if note is None:
            raise web.HTTPNotFound(reason="no checkpoint was signed yet")
        found = checkpoint_in(note.text)
        key, text = ours.signs.verifier_key, note.encode().decode()
        return CheckpointAnswer(found.origin, found.size, _shown(found.root), key, text)

    async def consistency(self, request: web.Request) -> ConsistencyAnswer:
        """Return the proof between two sizes; raises ParameterError."""
        words = params.once(request.query.items(), CONSISTENCY)
        size = await self._size()
        old, new = _sized(words, "old", 0), _sized(words, "new", size)
        if not old <= new <= size:
            raise ParameterError("old", f"expected old ≤ new ≤ {size}, the rows that are signed")
        proof = await self._ask(lambda log: log.consistency(old, new))
        return ConsistencyAnswer(old, new, list(map(_shown, proof)))

    async def inclusion(self, request: web.Request) -> InclusionAnswer:
        """Return the proof for one row; raises ParameterError."""
        words = params.once(request.query.items(), INCLUSION)
        most = await self._size()
        row, size = _sized(words, "row", 0), _sized(words, "size", most)
        if not 1 <= row <= size <= most:
            raise ParameterError("row", f"expected 1 ≤ row ≤ size ≤ {most}, the rows signed")

        def made(log: LogReader) -> tuple[bytes, bytes, list[bytes]]:
            return log.leaf(row - 1), log.root(size), log.inclusion(row - 1, size)

        leaf, root, proof = await self._ask(made)
        return InclusionAnswer(row, size, _shown(leaf), _shown(root), list(map(_shown, proof)))

    async def witnesses(self, _request: web.Request) -> WitnessesAnswer:
        """Return who holds a checkpoint, those that do not agree first."""
        ours = self._witnesses()
        found = sorted(
            ours.standings.items(), key=lambda pair: (pair[1].verdict == "agrees", str(pair[0]))
        )
        last = max((one.seen for _, one in found if one.verdict == "agrees"), default=0)
        listed = [
            WitnessValue(
                *(str(who), one.verdict, one.told.size, one.told.root, one.told.key),
                *(one.told.made, one.told.refused, one.told.trouble, rfc3339(one.seen), one.seen),
            )
            for who, one in found[:MOST_LISTED]
        ]
        counts = dict(ours.counts())
        return WitnessesAnswer(counts, rfc3339(last) if last else None, last, listed)

    async def note(self, _request: web.Request) -> web.Response:
        """Answer with the signed note alone."""
        found = await self.checkpoint(_request)
        return web.Response(text=found.note)

    async def keys(self, _request: web.Request) -> web.Response:
        """Answer with the verifier keys, the one that signs now last."""
        ours = self._witnesses()
        keys = [*await self._ask(LogReader.keys), ours.signs.verifier_key]
        return web.Response(text="".join(f"{key}\n" for key in dict.fromkeys(keys)))

    async def statements(self, _request: web.Request) -> web.Response:
        """Answer with what was said of the log itself: new keys, and restored logs."""
        ours = self._witnesses()
        notes = await self.reads.run(ours.statements.notes)
        return web.Response(text="\n".join(one.encode().decode() for one in notes))

    async def tile(self, request: web.Request) -> web.Response:
        """Answer with the hashes of one tile."""
        wanted = TILE.fullmatch(request.match_info["path"])
        if not wanted:
            raise web.HTTPNotFound
        level, numbers, partial = wanted.groups()
        number = int("".join(one.lstrip("x") for one in numbers.split("/")))
        width = int(partial) if partial else WIDTH
        if not 1 <= width <= WIDTH:
            raise web.HTTPNotFound
        try:
            data = await self._ask(lambda log: read_tile(log.folder, int(level), number, width))
        except web.HTTPServiceUnavailable:
            raise web.HTTPNotFound from None
        body = data[: width * HASH_BYTES]
        return web.Response(body=body, content_type="application/octet-stream")

    async def _size(self) -> int:
        return await self._ask(lambda log: log.size)

    async def _ask(self, question: Callable[[LogReader], _T]) -> _T:
        """Return what the log answers, in a thread and in time."""
        ours = self._witnesses()

        def answered() -> _T:
            # A reader of its own: several threads ask.
            return question(LogReader(ours.folder))

        try:
            return await self.reads.run(answered)
        except (OSError, StartError, NoteError, ValueError) as error:
            raise web.HTTPServiceUnavailable(reason=_line(error)) from None
        except StoreBusy:
            raise web.HTTPServiceUnavailable(reason="the log gives no answer in time") from None

    def _witnesses(self) -> Witnesses:
        found = self.source.witnesses()
        if found is None:
            raise web.HTTPNotFound(reason="no audit log is kept here")
        return found


def _sized(words: Mapping[str, str], name: str, default: int) -> int:
    return params.whole(words, name, default, MOST)


def _shown(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _line(error: Exception) -> str:
    """Return what went wrong as one line, without what a header may not have."""
    return "".join(c for c in str(error).partition(":")[0] if c.isascii() and c.isprintable())
