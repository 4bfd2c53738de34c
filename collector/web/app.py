"""The collector's HTTP side: pages at `/`, the same facts as JSON, health and metrics.

Watch it: curl -si http://127.0.0.1:8480/readyz
"""

import errno
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from collector.web import openapi
from collector.web.acting import ActApi
from collector.web.actors import API, LINK, SIGN_IN, middleware
from collector.web.api import Api, answer, refusal
from collector.web.evidence import EvidenceApi
from collector.web.metrics import metrics
from collector.web.pages.ackpage import AckPage
from collector.web.pages.actions import Actions
from collector.web.pages.alertpages import AlertPages
from collector.web.pages.districtpage import DistrictPage
from collector.web.pages.evidencepage import EvidencePage
from collector.web.pages.frame import Frame
from collector.web.pages.incidentpage import IncidentPage
from collector.web.pages.ledgerpage import LedgerPage
from collector.web.pages.schoolpage import SchoolPages
from collector.web.pages.securitypage import SecurityPage
from collector.web.pages.signinpage import SignInPage
from collector.web.pages.silencepage import SilencePage
from collector.web.pages.supervisionpage import SupervisionPage
from collector.web.pages.unconnectedpage import UnconnectedPage
from collector.web.params import ParameterError
from collector.web.reads import Reads
from collector.web.signin import SignIn
from collector.web.source import Source
from collector.web.texts import Language
from core import clock
from core.clock import Clock
from core.errors import ActRefused, AuditStopped, MonitorError, QueryError, StartError, StoreError

__all__ = ["Source", "make_app", "serve"]

_log = logging.getLogger(__name__)

STATIC: Final = Path(__file__).with_name("static")

LARGEST_FORM: Final = 32_768
"""Bytes of what somebody sends: a name, a note."""

HEADERS: Final = {
    # Nothing inline and nothing from elsewhere: a school named <script> stays a name.
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "schoolwatch",
}


def make_app(
    source: Source,
    language: Language,
    zone: tzinfo,
    now: Clock = clock.now,
    *,
    patience: float = 2.0,
    monotonic: clock.Monotonic = clock.monotonic,
) -> web.Application:
    """Return the application over *source*; *patience* is how long the store may take, in s."""
    reads = Reads(source.store, patience)
    frame = Frame(source, language, zone, now)
    sign_in = SignIn(source.people(), monotonic)
    app = web.Application(
        middlewares=[_Errors(frame).middleware, middleware()], client_max_size=LARGEST_FORM
    )
    app[SIGN_IN] = sign_in
    app.on_response_prepare.append(_add_headers)
    app.on_cleanup.append(_closing(reads, sign_in))
    _route_pages(app, frame, reads)
    _route(app, Api(source, reads, now), source)
    _route_evidence(app, EvidenceApi(source, reads))
    _route_acts(app, ActApi(source, reads))
    return app


async def serve(
    source: Source,
    host: str,
    port: int,
    *,
    language: Language,
    zone: tzinfo,
    now: Clock = clock.now,
    option: str = "--http-port",
) -> web.AppRunner:
    """Serve *source* until the runner is cleaned up; *port* 0 takes a free one (`addresses`).

    Raises StartError, which names *option* as the way to another port.
    """
    app = make_app(source, language, zone, now)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, OverflowError) as error:
        await runner.cleanup()
        raise StartError(_refused(host, port, option, error)) from None
    return runner


def _route_pages(app: web.Application, frame: Frame, reads: Reads) -> None:
    schools, alerts = SchoolPages(frame, reads), AlertPages(frame, reads)
    app.router.add_get("/", DistrictPage(frame, reads, schools).show)
    app.router.add_get("/schools/{region}/{school}", schools.school)
    app.router.add_get("/schools/{region}/{school}/rooms/{room}", schools.room)
    app.router.add_get("/schools/{region}/{school}/{agent}", schools.agent)
    app.router.add_get("/alerts", alerts.all)
    app.router.add_get("/alerts/{number}", alerts.one)
    app.router.add_get("/security", SecurityPage(frame, reads).show)
    app.router.add_get("/unconnected", UnconnectedPage(frame, reads).show)
    supervision = SupervisionPage(frame, reads)
    app.router.add_get("/supervision", supervision.show)
    app.router.add_get("/supervision.csv", supervision.table)
    app.router.add_get("/evidence", EvidencePage(frame, reads).show)
    app.router.add_get("/ledger", LedgerPage(frame, reads).show)
    people, actions = SignInPage(frame), Actions(frame, reads)
    app.router.add_get("/sign-in", people.show)
    app.router.add_post("/sign-in", people.enter)
    app.router.add_post("/sign-out", people.leave)
    app.router.add_post("/alerts/{number}/ack", actions.acknowledge)
    app.router.add_post("/alerts/{number}/undo", actions.undo)
    app.router.add_post("/alerts/{number}/stage", actions.advance)
    silences = SilencePage(frame, reads)
    app.router.add_get("/silences", silences.show)
    app.router.add_post("/silences/{number}/end", silences.end)
    app.router.add_post("/alerts/{number}/silence", silences.make)
    incidents = IncidentPage(frame, reads)
    app.router.add_get("/incidents", incidents.all)
    app.router.add_get("/incidents/{number}", incidents.one)
    app.router.add_post("/incidents/{number}/confirm", incidents.confirm)
    app.router.add_post("/incidents/{number}/reported", incidents.reported)
    app.router.add_post("/incidents/{number}/close", incidents.close)
    link = AckPage(frame, reads)
    app.router.add_get("/ack/{token}", link.show)
    app.router.add_post("/ack/{token}", link.act)
    app.router.add_static("/static", STATIC)


def _route(app: web.Application, api: Api, source: Source) -> None:
    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        able, why = source.ready()
        return web.Response(text="ok\n") if able else web.Response(text=f"{why}\n", status=503)

    for question in openapi.QUESTIONS:
        app.router.add_get(question.path, getattr(api, question.name))
    app.router.add_get(openapi.SELF, api.openapi)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics(source).show)


def _answering(found: Callable[[web.Request], Awaitable[Any]]) -> Handler:
    """Return a handler that answers with what *found* returns, as JSON."""

    async def answered(request: web.Request) -> web.Response:
        return answer(await found(request))

    return answered


def _route_evidence(app: web.Application, evidence: EvidenceApi) -> None:
    for question in openapi.EVIDENCE:
        app.router.add_get(question.path, _answering(getattr(evidence, question.handler)))
    app.router.add_get("/audit/checkpoint", evidence.note)
    app.router.add_get("/audit/keys", evidence.keys)
    app.router.add_get("/audit/statements", evidence.statements)
    app.router.add_get("/audit/tile/{path:.+}", evidence.tile)


def _route_acts(app: web.Application, acts: ActApi) -> None:
    for act in openapi.ACTS:
        app.router.add_post(act.path, _answering(getattr(acts, act.handler)))


@dataclass(frozen=True, slots=True)
class _Errors:
    """Turns what goes wrong into JSON under /api, and into a page elsewhere."""

    frame: Frame

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                return await handler(request)
            except (MonitorError, web.HTTPException) as error:
                if isinstance(error, web.HTTPException) and error.status < 400:
                    raise
                return self._expected(request, error)
            except Exception:  # noqa: BLE001 — one page's defect must not show in another's place
                # A link's token is a secret.
                path = LINK if request.path.startswith(LINK) else request.path[:200]
                _log.exception("%s %s failed", request.method, path)
                return self._shown(request, 500)

        return answered

    def _expected(
        self, request: web.Request, error: MonitorError | web.HTTPException
    ) -> web.Response:
        """Return the answer to what is known to go wrong; raises what is not."""
        acts = request.method == "POST" and not request.path.startswith(API)
        match error:
            case ParameterError():
                return refusal(400, str(error), error.parameter)
            case QueryError():
                return refusal(400, str(error))
            case StoreError():
                return self._unkept(request, error, acts=acts)
            case ActRefused():
                why = error.why
                return self.frame.refused(request, why) if acts else refusal(409, str(error), why)
            case web.HTTPException():
                return self._shown(request, error.status, error)
        _log.error("%s %s failed: %s", request.method, request.path[:200], error)
        return self._shown(request, 500)

    def _unkept(self, request: web.Request, error: StoreError, *, acts: bool) -> web.Response:
        if isinstance(error, AuditStopped) and not request.path.startswith(API):
            return self.frame.stopped(request)
        return self.frame.error(request, 503) if acts else refusal(503, str(error))

    def _shown(
        self, request: web.Request, status: int, error: web.HTTPException | None = None
    ) -> web.Response:
        if request.path.startswith(API):
            response = refusal(status, error.reason if error else "Internal Server Error")
        else:
            response = self.frame.error(request, status)
        for name in ("Allow", "Retry-After", "WWW-Authenticate"):
            if error and name in error.headers:
                response.headers[name] = error.headers[name]
        return response


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    # Files of the package may be kept, but are asked after; states and values never are.
    kept = isinstance(response, web.FileResponse)
    response.headers["Cache-Control"] = "no-cache" if kept else "no-store"


def _closing(reads: Reads, sign_in: SignIn) -> Callable[[web.Application], Awaitable[None]]:
    async def close(_app: web.Application) -> None:
        reads.close()
        sign_in.close()

    return close


def _refused(host: str, port: int, option: str, error: OSError | OverflowError) -> str:
    if isinstance(error, OverflowError):
        return f"Port {port} does not exist: choose one up to 65535 with {option}."
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program: "
            f"end that program, or choose another port with {option}."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used by this user: choose one from 1024 on with {option}."
    return f"Cannot serve pages on {host} port {port}: {error.strerror or error}."
