"""What an agent holds of audit logs, on its disk: `held.json`, and what it refused as evidence."""

import base64
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from core import clock
from core.disk import replace
from core.merkle.note import (
    Checkpoint,
    NoteError,
    checkpoint_in,
    key_id,
    read_note,
    read_verifier_key,
)
from core.merkle.notes import framed
from core.merkle.witnessing import TIME
from core.messages import Witnessed

FOLDER: Final = "witness"
"""In the folder of the spool."""
HELD: Final = "held.json"
MOST_REFUSED: Final = 20
"""Files of evidence that are kept: the oldest ones, since what came first tells the most."""
MOST_LOGS: Final = 4
"""Collectors whose logs are held at once; the one that was heard last is never dropped."""
_log = logging.getLogger(__name__)


class Held(msgspec.Struct, frozen=True):
    """The newest checkpoint of one log that was verified, as the signed note that it came as.

    `key` is the verifier key that is trusted, `pinned` the one that agent.toml named when it began
    to be ("" for one that was trusted because it was the first that came).
    """

    note: str
    key: str
    pinned: str
    at: int
    trouble: str = ""
    why: str = ""
    refused: int = 0

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint; raises NoteError."""
        return checkpoint_in(read_note(self.note.encode()).text)

    def told(self) -> Witnessed:
        """Return what a birth says of it."""
        found = self.checkpoint()
        key = key_id(*read_verifier_key(self.key)).hex()
        return Witnessed(
            *(found.origin[:100], found.size, shown(found.root), key),
            *(found.extension(TIME)[:100], self.refused, self.trouble),
        )


@dataclass(slots=True)
class Kept:
    """The files in *folder*; a damaged one is set aside when this is made."""

    folder: Path
    logs: dict[str, Held] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self.logs = read_held(self.folder)
        except (OSError, msgspec.DecodeError, NoteError) as error:
            _log.error("what was held of the audit log cannot be read, and is set aside: %s", error)
            self._set_aside()

    def write(self, held: Held) -> None:
        """Hold this of its log, synced to disk; raises OSError."""
        origin = held.checkpoint().origin
        logs = {name: one for name, one in self.logs.items() if name != origin} | {origin: held}
        self.logs = dict(list(logs.items())[-MOST_LOGS:])
        self.folder.mkdir(parents=True, exist_ok=True)
        data = msgspec.json.format(msgspec.json.encode(list(self.logs.values())))
        replace(self.folder / HELD, data, 0o600)

    def write_evidence(self, reason: str, notes: Sequence[bytes], at: int) -> None:
        """Keep *notes*, what was held first, while there is room; raises OSError."""
        number = len(evidence(self.folder))
        if number >= MOST_REFUSED:
            _log.error("the evidence has %d files, and takes no more", MOST_REFUSED)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        when = clock.rfc3339(at)
        path = self.folder / f"refused-{when[:19].replace(':', '')}-{number:02}.txt"
        replace(path, f"# {when}: {reason}\n".encode() + framed(notes), 0o600)

    def _set_aside(self) -> None:
        path = self.folder / HELD
        try:
            path.replace(path.with_suffix(".damaged"))
        except OSError as error:
            _log.error("%s cannot be set aside: %s", path, error)


def read_held(folder: Path) -> dict[str, Held]:
    """Return what is held, by origin; raises OSError, DecodeError, NoteError for what is none."""
    try:
        data = (folder / HELD).read_bytes()
    except FileNotFoundError:
        return {}
    found = msgspec.json.decode(data, type=list[Held])
    for held in found:
        read_verifier_key(held.key)
    return {held.checkpoint().origin: held for held in found}


def evidence(folder: Path) -> list[Path]:
    """Return the files of what was refused, the oldest first."""
    return sorted(folder.glob("refused-*.txt"))


def shown(root: bytes) -> str:
    """Return *root* as JSON carries it."""
    return base64.b64encode(root).decode()
