"""Who is signed in: tokens in the browser, their digests here, nothing on the disk.

A restart signs everybody out, and a copy of the database or a backup holds nobody's session. A
session ends when nobody looked for half an hour, after twelve hours at the latest, and at once when
the account is gone or has another password.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from alerts.people.accounts import Account, Accounts

IDLE_S: Final = 1_800.0
LONGEST_S: Final = 43_200.0
MOST: Final = 2_000
MOST_OF_ONE: Final = 8
"""Sessions of one account; a ninth ends the one that was quiet for longest."""
TOKEN_BYTES: Final = 32


@dataclass(slots=True)
class Session:
    """One browser; `csrf` is what its forms have to say. Times in monotonic seconds."""

    name: str
    fingerprint: str
    began: float
    seen: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES))


class Sessions:
    """Touched in the event loop only."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._of: OrderedDict[bytes, Session] = OrderedDict()

    def begin(self, account: Account, now: float) -> str:
        """Begin a session; return the token that the browser keeps."""
        own = [key for key, one in self._of.items() if one.name == account.name]
        for key in own[: max(0, len(own) - MOST_OF_ONE + 1)]:
            del self._of[key]
        while len(self._of) >= self._most:
            self._of.popitem(last=False)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._of[_digest(token)] = Session(account.name, account.fingerprint, now, now)
        return token

    def find(
        self, token: str, accounts: Accounts, now: float, *, touch: bool = True
    ) -> tuple[Session, Account] | None:
        """Return the session of *token* with the account as it is now; None where it is over.

        With *touch* somebody is there: a page that asks for itself again is nobody.
        """
        key = _digest(token)
        session = self._of.get(key)
        if session is None:
            return None
        account = accounts.get(session.name)
        over = now - session.seen > IDLE_S or now - session.began > LONGEST_S
        if over or account is None or account.fingerprint != session.fingerprint:
            del self._of[key]
            return None
        if touch:
            session.seen = now
            self._of.move_to_end(key)
        return session, account

    def end(self, token: str) -> None:
        """End a session."""
        self._of.pop(_digest(token), None)

    def __len__(self) -> int:
        return len(self._of)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
