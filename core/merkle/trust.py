"""Which key a witness believes, as the keys before it say, and what it may give up."""

from collections.abc import Iterable, Iterator

from core.merkle.note import Checkpoint, Note, NoteError, key_id
from core.merkle.statements import GivenUp, NewKey, statement_in
from core.merkle.witnessing import TIME


def followed(note: Note, origin: str, public: bytes, statements: Iterable[Note]) -> bytes:
    """Return the key that signed *note*, where *public* leads to it: each names the next one.

    Where it does not, the last one that it leads to: then the note's signature is refused.
    """
    ids = _signers(note, origin)
    for one in statements:
        if key_id(origin, public) in ids:
            break
        public = _next(one, origin, public) or public
    return public


def led_to(origin: str, public: bytes, statements: Iterable[Note]) -> Iterator[bytes]:
    """Return every key that follows *public*, each named by the one before it."""
    for one in statements:
        if found := _next(one, origin, public):
            yield (public := found)


def introduced(note: Note, origin: str, statements: Iterable[Note]) -> bytes:
    """Return the key that signed *note*, as the log tells of itself; raises NoteError.

    For who knows none yet, and trusts the first that comes.
    """
    ids = _signers(note, origin)
    for one in statements:
        try:
            said = statement_in(one)
        except NoteError:
            continue
        if not isinstance(said, NewKey) or said.origin != origin:
            continue
        if key_id(origin, said.public) in ids:
            return said.public
    raise NoteError(f"no key is known for {origin[:100]!r}, and none came with it")


def given_up(held: Checkpoint, public: bytes, statements: Iterable[Note]) -> Note | None:
    """Return the statement, signed by *public*, by which a person gives up what is held."""
    for note in statements:
        try:
            said = statement_in(note)
            if isinstance(said, GivenUp) and said.origin == held.origin:
                note.check(held.origin, public)
                if said.gives_up(held.size, held.extension(TIME)):
                    return note
        except NoteError:
            continue
    return None


def _next(note: Note, origin: str, public: bytes) -> bytes | None:
    """Return the key that *public* names as the next one, None where this note does not."""
    try:
        said = statement_in(note)
        note.check(origin, public)
    except NoteError:
        return None
    return said.public if isinstance(said, NewKey) and said.origin == origin else None


def _signers(note: Note, origin: str) -> set[bytes]:
    return {key for name, key, _ in note.signatures if name == origin}
