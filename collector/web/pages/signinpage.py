"""Signing in and out. The form carries what its page gave to the browser, so that no other site
can sign somebody in as somebody else."""

import re
import secrets
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from collector.web import words
from collector.web.actors import (
    SIGN_IN,
    actor_of,
    address_of,
    cookie,
    may_send_password,
    same,
    session_of,
)
from collector.web.pages.actions import field, see
from collector.web.pages.frame import Frame

ENTRY: Final = "schoolwatch-entry"
"""The cookie of the form; it means nothing but that the page was ours."""
LONGEST_NAME: Final = 64
NEXT: Final = re.compile(r"/(?:(?:alerts|incidents)(?:/[0-9]{1,15})?|silences)?")
"""Where one may be sent after signing in: to pages of ours that one acts on."""


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The handlers of `/sign-in` and `/sign-out`."""

    frame: Frame

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the form; raises HTTPNotFound where nobody has an account."""
        self._check_there(request)
        if actor_of(request):
            return see(request, _page(request.query.get("next", "")))
        if not may_send_password(request):
            return self._form(request, 403, problem="sign_in_insecure", allowed=False)
        return self._form(request)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Begin a session where the password is right."""
        self._check_there(request)
        if not may_send_password(request):
            return self._form(request, 403, problem="sign_in_insecure", allowed=False)
        wanted = ("name", "password", "entry", "next")
        name, password, entry, next_ = [await field(request, one) for one in wanted]
        given = request.cookies.get(ENTRY, "")
        if not given or not same(entry, given):
            return self._form(request, 403, problem="sign_in_stale", next_=next_)
        sign_in, address = request.app[SIGN_IN], address_of(request)
        found = await sign_in.check(name.strip(), password, address, "page")
        name = name.strip()[:LONGEST_NAME]
        if found.wait:
            return self._form(request, 429, found.wait, "sign_in_wait", name=name, next_=next_)
        if found.account is None:
            return self._form(request, 401, problem="sign_in_wrong", name=name, next_=next_)
        await sign_in.entered(found.account, address)
        old = request.cookies.get(cookie(sign_in), "")
        sign_in.sessions.end(old)
        token = sign_in.sessions.begin(found.account, sign_in.monotonic())
        answer = see(request, _page(next_))
        self._set(request, answer, cookie(sign_in), token, "/")
        answer.del_cookie(ENTRY, path="/sign-in")
        return answer

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """End the session."""
        sign_in, session = request.app[SIGN_IN], session_of(request)
        account = sign_in.people.accounts.get(session.name) if session else None
        sign_in.sessions.end(request.cookies.get(cookie(sign_in), ""))
        if account:
            await sign_in.left(account, address_of(request))
        answer = see(request, "/")
        secure = sign_in.people.secure
        answer.del_cookie(cookie(sign_in), path="/", secure=secure, httponly=True)
        return answer

    def _check_there(self, request: web.Request) -> None:
        if not request.app[SIGN_IN].people.accounts:
            raise web.HTTPNotFound

    def _form(
        self,
        request: web.Request,
        status: int = 200,
        wait: float = 0,
        problem: str = "",
        *,
        name: str = "",
        next_: str = "",
        allowed: bool = True,
    ) -> web.Response:
        t = self.frame.texts(request)
        values: dict[str, Any] = {"lasting": words.lasting(int(wait * 10**9), t)} if wait else {}
        entry = request.cookies.get(ENTRY, "") or secrets.token_urlsafe(24)
        answer = self.frame.page(
            request,
            self.frame.source.picture(),
            "signin.html",
            status,
            problem=t(problem, **values) if problem else "",
            name=name,
            entry=entry,
            next=next_ or request.query.get("next", ""),
            allowed=allowed,
        )
        if wait:
            answer.headers["Retry-After"] = str(max(1, round(wait + 0.5)))
        if allowed:
            self._set(request, answer, ENTRY, entry, "/sign-in")
        return answer

    def _set(
        self, request: web.Request, answer: web.StreamResponse, name: str, value: str, path: str
    ) -> None:
        secure = request.app[SIGN_IN].people.secure
        answer.set_cookie(name, value, path=path, httponly=True, samesite="Strict", secure=secure)


def _page(wanted: str) -> str:
    """Return where to go on: *wanted* where it is one of ours, else the alerts."""
    return wanted if wanted and NEXT.fullmatch(wanted) else "/alerts"
