"""What a running collector says of its log, asked over HTTP by the auditor's host."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from collector.terminal import NoAnswer, fetch, fetch_file, read
from core.merkle.note import Note, NoteError, checkpoint_in, read_note
from core.merkle.notes import read_framed


class _Consistency(msgspec.Struct):
    """What is read of collector.web.evidence.ConsistencyAnswer, without the server."""

    proof: list[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """The newest checkpoint, statements about the log, and what asks for a proof of two sizes."""

    note: Note
    statements: Sequence[Note]
    proof: Callable[[int, int], list[bytes]]


def ask(url: str) -> Asked:
    """Return what the collector at *url* says; raises NoAnswer."""
    try:
        note = read_note(fetch_file(url, "audit/checkpoint"))
        checkpoint_in(note.text)
        statements = list(read_framed(fetch_file(url, "audit/statements")))
    except NoteError as error:
        raise NoAnswer(f"{url} answered something else than a checkpoint: {error}") from None

    def proof(old: int, new: int) -> list[bytes]:
        answer = fetch(url, f"audit/consistency?old={old}&new={new}")
        found = read(answer, url, _Consistency, "a proof").proof
        try:
            return [base64.b64decode(one, validate=True) for one in found]
        except ValueError:
            raise NoAnswer(f"{url} answered something else than a proof") from None

    return Asked(note, statements, proof)
