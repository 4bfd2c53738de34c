"""Who asks, and what they may do: every handler that acts asks here first.

cookie ─▶ session ─▶ account ─▶ Actor        (pages; forms carry the session's token too)
Basic  ─▶ password ─▶ account ─▶ Actor       (API; JSON, which no form of another site sends)
"""

import base64
import binascii
import hmac
import ipaddress
from dataclasses import dataclass
from typing import Any, Final, Literal

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from alerts.people.accounts import Account, Role
from collector.auditrecord import By
from collector.people import Doer
from collector.web.signin import SignIn
from collector.web.signinsessions import Session
from core.addressclass import is_loopback

Act = Literal["ack", "silence", "confirm"]

SIGN_IN: Final = web.AppKey("sign_in", SignIn)
CSRF: Final = "csrf"
"""The field of a form that carries its session's token."""
REFRESH: Final = "X-Schoolwatch-Refresh"
"""Said by a page that asks for itself again (static/fetch.js): nobody need be there."""
FORM: Final = "application/x-www-form-urlencoded"
LINK: Final = "/ack/"
API: Final = "/api/"
ENTRY: Final = "/sign-in"
CHALLENGE: Final = 'Basic realm="schoolwatch", charset="UTF-8"'
READS: Final = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Actor:
    """A person who proved who they are; `name` is what others see."""

    account: str
    name: str
    role: Role
    school: str
    address: str = ""

    @property
    def by(self) -> By:
        """Who it is for the audit log."""
        return By(self.account, self.name, self.role, self.address)

    def may(self, act: Act, place: str) -> bool:
        """Return whether they may do that at *place*.

        The auditor reads; a school acts on what is its own; what is nobody's is the district's, and
        so is to judge incidents.
        """
        match self.role:
            case "district":
                return True
            case "school":
                return act != "confirm" and self.is_at(place)
            case "auditor":
                return False

    def sees(self, place: str) -> bool:
        """Return whether they read of incidents at *place*: a school of its own."""
        return self.role != "school" or self.is_at(place)

    def is_at(self, place: str) -> bool:
        """Return whether *place* is their school's."""
        return bool(self.school) and f"{place}/".startswith(f"{self.school}/")

    def doer(self, request: web.Request) -> Doer:
        """Return them as who does something."""
        how: Literal["api", "page"] = "api" if request.path.startswith(API) else "page"
        role = f"{self.role}:{self.school}" if self.role == "school" else self.role
        return Doer(self.name, role, how, self.account, address_of(request))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of who asks."""

    actor: Actor | None = None
    session: Session | None = None


_KEY: Final[Any] = web.RequestKey("known", _Known) if hasattr(web, "RequestKey") else "known"
"""Older aiohttp takes words only, and the newer warns of them."""


def actor_of(request: web.Request) -> Actor | None:
    """Return who is signed in."""
    return _known(request).actor


def session_of(request: web.Request) -> Session | None:
    """Return the session, where there is one."""
    return _known(request).session


def _known(request: web.Request) -> "_Known":
    found = request.get(_KEY)
    return found if isinstance(found, _Known) else _Known()


def require(request: web.Request, act: Act, place: str) -> Actor:
    """Return who is signed in and may do that; raises HTTPUnauthorized, HTTPForbidden."""
    actor = actor_of(request)
    if actor is None:
        raise _unauthorized(request)
    if not actor.may(act, place):
        raise web.HTTPForbidden(reason="this account may not do that here")
    return actor


def reader(request: web.Request) -> Actor | None:
    """Return who reads what is for people with an account; raises HTTPUnauthorized.

    None where there are no accounts: then whoever reaches the pages reads them all.
    """
    actor = actor_of(request)
    if actor is None and request.app[SIGN_IN].people.accounts:
        raise _unauthorized(request)
    return actor


def asker(request: web.Request) -> By:
    """Return who asks, for the audit log; a visitor where nobody is signed in."""
    actor = actor_of(request)
    return actor.by if actor else By(role="visitor", address=address_of(request))


async def api_reader(request: web.Request) -> Actor | None:
    """Return the same of a question to the API, by name and password; raises HTTPException."""
    if request.app[SIGN_IN].people.accounts:
        await _basic(request)
    return reader(request)


def cookie(sign_in: SignIn) -> str:
    """Return the name of the cookie; the prefix binds it to this host and to https."""
    return "__Host-schoolwatch" if sign_in.people.secure else "schoolwatch"


def address_of(request: web.Request) -> str:
    """Return where the request comes from, as far as the server before us may be believed."""
    peer = request.remote or ""
    if not request.app[SIGN_IN].people.behind_proxy:
        return peer
    # The last one is what that server saw; what stands before it anybody can write.
    said = ",".join(request.headers.getall("X-Forwarded-For", []))
    last = said.rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(last))
    except ValueError:
        return peer


def may_send_password(request: web.Request) -> bool:
    """Return whether a password comes here protected: by https, or without leaving the machine."""
    if request.app[SIGN_IN].people.secure:
        return True
    return is_loopback(request.remote or "") and "X-Forwarded-For" not in request.headers


def middleware() -> Middleware:
    """Return what tells handlers who asks, and lets no POST through that is another site's."""

    @web.middleware
    async def known(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.http_exception is None:
            _recognise(request)
            if request.method not in READS:
                await _check(request)
        try:
            return await handler(request)
        except web.HTTPForbidden:
            actor, route = actor_of(request), request.match_info.route.resource
            if actor and request.method not in READS and route:
                what = f"{request.method} {route.canonical}"
                await request.app[SIGN_IN].refused(actor.by, what)
            raise

    return known


def _recognise(request: web.Request) -> None:
    """Find the session of the cookie. The API has none: a cookie comes along unasked."""
    sign_in = request.app[SIGN_IN]
    token = request.cookies.get(cookie(sign_in), "")
    if not token or request.path.startswith(API):
        return
    now, touch = sign_in.monotonic(), REFRESH not in request.headers
    found = sign_in.sessions.find(token, sign_in.people.accounts, now, touch=touch)
    if found:
        session, account = found
        request[_KEY] = _Known(_actor(account, request), session)


async def _check(request: web.Request) -> None:
    """Refuse a request that acts, unless it shows that it is meant."""
    if request.path.startswith(LINK):
        _check_form(request)  # its token is the proof
    elif request.path.startswith(API):
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(reason="expected application/json")
        await _basic(request)
    elif request.path == ENTRY:
        _check_form(request)  # and what its page gave: pages/signinpage.py
    else:
        _check_form(request)
        session = session_of(request)
        if session is None:
            raise _unauthorized(request)
        given = (await request.post()).get(CSRF)
        if not isinstance(given, str) or not same(given, session.csrf):
            request.app[SIGN_IN].people.count("acts_refused", "form")
            raise web.HTTPForbidden(reason="the form is of another session; open the page again")


def same(given: str, wanted: str) -> bool:
    """Compare secrets without telling by the time how far they are alike."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _check_form(request: web.Request) -> None:
    if request.content_type != FORM:
        raise web.HTTPUnsupportedMediaType(reason=f"expected {FORM}")


async def _basic(request: web.Request) -> None:
    """Find whose name and password the request brings; raises HTTPException where nobody's."""
    sign_in = request.app[SIGN_IN]
    name, password = _credentials(request.headers.get("Authorization", ""))
    if not name or not sign_in.people.accounts:
        raise _unauthorized(request)
    if not may_send_password(request):
        raise web.HTTPForbidden(reason="passwords are taken by https only")
    found = await sign_in.check(name, password, address_of(request), "api")
    if found.wait:
        raise too_many(found.wait)
    if found.account is None:
        raise _unauthorized(request)
    request[_KEY] = _Known(_actor(found.account, request))


def too_many(wait: float) -> web.HTTPException:
    """Return the answer to who has to wait."""
    return web.HTTPTooManyRequests(headers={"Retry-After": str(max(1, round(wait + 0.5)))})


def _credentials(header: str) -> tuple[str, str]:
    """Return name and password of RFC 7617, empty ones where there are none."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(given.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    name, _, password = text.partition(":")
    return name, password


def _actor(account: Account, request: web.Request) -> Actor:
    where = address_of(request)
    return Actor(account.name, account.person, account.role, account.school, where)


def _unauthorized(request: web.Request) -> web.HTTPException:
    headers = {"WWW-Authenticate": CHALLENGE} if request.path.startswith(API) else None
    return web.HTTPUnauthorized(headers=headers)
