"""Signing in: one password at a time, whoever it is for, with the same answer and cost."""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from alerts.people.accounts import Account
from alerts.people.passwords import LONGEST, NOBODYS, fits
from collector.auditrecord import By
from collector.journal import Note
from collector.people import People
from collector.web.signinlockout import Lockout, Rate
from collector.web.signinsessions import Sessions
from core import clock
from core.errors import StoreError

MOST_WAITING: Final = 8
"""Passwords that wait to be checked, 32 MB and a third of a second each, one after another."""
BUSY_S: Final = 5.0
NOTED: Final = 100
NOTED_S: Final = 600.0
"""So many failures in so many seconds are rows of the audit log; the next row counts the others."""
BAD_LINKS: Final = 20
LINK_ACTS: Final = 60
LINKS_S: Final = 600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The account where the password was right; else, maybe, for how long to wait (s)."""

    account: Account | None = None
    wait: float = 0.0


class SignIn:
    """Lives in the event loop; `monotonic` gives seconds."""

    def __init__(self, people: People, monotonic: clock.Monotonic = clock.monotonic) -> None:
        self.people, self.monotonic = people, monotonic
        self.sessions, self.lockout = Sessions(), Lockout()
        self.bad_links, self.link_acts = Rate(BAD_LINKS, LINKS_S), Rate(LINK_ACTS, LINKS_S)
        self._noted, self._left_out = Rate(NOTED, NOTED_S), 0
        # One thread: the memory of one check, and nobody's guesses take the machine.
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="password")
        self._waiting = 0

    async def check(self, name: str, password: str, address: str, how: str) -> Outcome:
        """Return whose password this is; an attempt is noted, whatever came of it."""
        account = self.people.accounts.get(name)
        if self._waiting >= MOST_WAITING:
            self.people.count("sign_ins_refused", "busy")
            return Outcome(wait=BUSY_S)
        wait = self.lockout.begin(name, address, self.monotonic())
        if wait:
            self.people.count("sign_ins_refused", "waits")
            return Outcome(wait=wait)
        right = await self._fits(password, account.password if account else NOBODYS)
        # It may have been taken away meanwhile.
        if not right or account is None or self.people.accounts.get(name) != account:
            self.people.count("sign_ins_refused", "wrong")
            await self._note_failure(account, name, address, how)
            return Outcome(wait=0.0)
        self.lockout.right(name, address)
        self.people.count("sign_ins", how)
        return Outcome(account)

    async def entered(self, account: Account, address: str) -> None:
        """Have in the audit log that somebody signs in; raises AuditStopped: then they do not."""
        await asyncio.to_thread(self.people.act, _note("signed_in", account, address))

    async def left(self, account: Account, address: str) -> None:
        """Keep that somebody signed out, which nothing refuses."""
        await self._try(_note("signed_out", account, address))

    async def refused(self, by: By, what: str) -> None:
        """Keep that somebody wanted to do *what*, which they may not."""
        if self._may_note():
            about = {"by": by.name, "role": by.role, "address": by.address}
            reason = "the role may not do that there"
            await self._try(
                Note("act_refused", what, by.account, about, by=by, success=False, reason=reason)
            )

    def close(self) -> None:
        """Check nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _fits(self, password: str, kept: str) -> bool:
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            # Too long for any: cut, so that its length costs nothing.
            return await loop.run_in_executor(
                self._threads, fits, password[: LONGEST + 1], kept
            ) and (len(password) <= LONGEST)
        finally:
            self._waiting -= 1

    async def _note_failure(
        self, account: Account | None, name: str, address: str, how: str
    ) -> None:
        if not self._may_note():
            return
        left_out, self._left_out = self._left_out, 0
        # A name that is none may be a password that was typed in the wrong place.
        subject = account.name if account else ""
        wait = round(self.lockout.left(name, address, self.monotonic()))
        said: Mapping[str, str | int] = {
            "known": int(account is not None),
            "address": address,
            "how": how,
            "wait_s": wait,
            "left_out": left_out,
        }
        by = By(subject, account.person if account else "", "nobody", address)
        reason = "wrong password" if account else "no such account"
        notes = [Note("sign_in_failed", "page", subject, said, by=by, success=False, reason=reason)]
        if wait:
            waits = f"has to wait for {wait} s after too many failures"
            more = {"address": address, "how": how, "wait_s": wait}
            notes.append(
                Note("sign_in_locked", "page", subject, more, by=by, success=False, reason=waits)
            )
        await self._try(*notes)

    def _may_note(self) -> bool:
        """Return whether one more failure is a row of its own, and count it."""
        now = self.monotonic()
        if self._noted.left("", now):
            self._left_out += 1
            return False
        self._noted.count("", now)
        return True

    async def _try(self, *notes: Note) -> None:
        try:
            await asyncio.to_thread(self.people.note, *notes)
        except StoreError as error:
            _log.warning("this could not be noted: %s: %s", notes[0].kind, error)


def _note(kind: str, account: Account, address: str) -> Note:
    by = By(account.name, account.person, account.role, address)
    said = {"by": account.person, "role": account.role, "address": address}
    return Note(kind, "page", account.name, said, by=by)
