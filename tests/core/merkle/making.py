"""A log in memory, that can be cut, rewritten and signed anew: what an administrator with the key
can do."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.merkle.hashing import leaf_hash, root_of
from core.merkle.note import Checkpoint, signed, verifier_key
from core.merkle.proofs import consistency, inclusion, subtree
from core.merkle.statements import GivenUp, given_up_text, key_text
from core.messages import Receipt


def node_of(entries: list[bytes]) -> Callable[[int, int], bytes]:
    def node(level: int, index: int) -> bytes:
        if not level:
            return leaf_hash(entries[index])
        begin, half = index << level, 1 << (level - 1)
        return subtree(begin, begin + 2 * half, lambda lower, at: _low(entries, lower, at))

    return node


def _low(entries: list[bytes], level: int, index: int) -> bytes:
    return root_of(entries[index << level : (index + 1) << level])


@dataclass
class Log:
    """`minute` is the time of the next checkpoint."""

    collector: str = "d1"
    entries: list[bytes] = field(default_factory=list)
    key: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes(32))
    )
    minute: int = 0

    @property
    def origin(self) -> str:
        return f"schoolwatch/{self.collector}"

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def verifier(self) -> str:
        return verifier_key(self.origin, self.public)

    def grow(self, rows: int, word: str = "row") -> "Log":
        begin = len(self.entries)
        self.entries += [f"{word} {number}".encode() for number in range(begin, begin + rows)]
        return self

    def sign(self, text: str) -> str:
        return signed(text, self.origin, self.public, self.key.sign).encode().decode()

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        self.minute += 1
        time = f"2026-11-22T08:{self.minute:02}:00Z"
        return Checkpoint(self.origin, size, root_of(self.entries[:size]), (f"time {time}",))

    def note(self, size: int | None = None) -> str:
        return self.sign(self.checkpoint(size).text())

    def new_key(self, seed: int) -> str:
        """Take another key, and return the note by which the one before names it."""
        new = Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32))
        said = key_text(self.origin, verifier_key(self.origin, new.public_key().public_bytes_raw()))
        text, self.key = self.sign(said), new
        return text

    def itself(self) -> str:
        """Return the note by which the key names itself."""
        return self.sign(key_text(self.origin, self.verifier))

    def given_up(self, size: int, time: str) -> str:
        return self.sign(given_up_text(GivenUp(self.origin, size, "王敏", "恢复了备份", time)))

    def proof(self, old: int) -> list[bytes]:
        return consistency(old, len(self.entries), node_of(self.entries))

    def inclusion(self, index: int) -> list[bytes]:
        return inclusion(index, len(self.entries), node_of(self.entries))

    def receipt(self, proof_from: int = 0, statements: list[str] | None = None) -> Receipt:
        """Return a receipt with the newest checkpoint."""
        proof = self.proof(proof_from) if proof_from <= len(self.entries) else []
        return Receipt(
            collector=self.collector,
            time=1,
            checkpoint=self.note(),
            proof=[base64.b64encode(one).decode() for one in proof],
            proof_from=proof_from,
            statements=[self.itself()] if statements is None else statements,
        )
