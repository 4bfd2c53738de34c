"""The OpenAPI document of the collector, made from the very structs that the answers are made of.

Watch it: curl -s http://127.0.0.1:8480/api/v1/openapi.json | python -m json.tool
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec

from collector.web import (
    acting,
    alerts,
    apiparams,
    channels,
    dropped,
    evidence,
    incidents,
    ledger,
    live,
    logstate,
    rooms,
    scores,
    security,
    supervision,
    unconnected,
    values,
)
from collector.web.apiparams import Parameter
from core import VERSION

ROOT: Final = "/api/v1/"
JSON: Final = "application/json"
PLAIN: Final = "text/plain"
REFUSALS: Final = {
    "400": "a parameter is wrong: `parameter` names it",
    "404": "there is nothing of that name",
    "405": "only GET and HEAD",
    "500": "a defect of ours; the collector's log tells more",
    "503": "the database gives no answer now; ask again",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One address under `/api/v1/`; the last part of `name` is the handler's.

    What is `for_people` asks for an account where there are any.
    """

    name: str
    says: str
    answer: Any
    parameters: Sequence[Parameter] = ()
    for_people: bool = False

    @property
    def path(self) -> str:
        """Where it is asked."""
        return ROOT + self.name

    @property
    def handler(self) -> str:
        """Who answers."""
        return self.name.rpartition("/")[2]


QUESTIONS: Final = (
    Question("live", "The state of every school and agent", live.Live, apiparams.SCHOOLS),
    Question("agents", "The state of every agent", values.Agents, apiparams.SCHOOLS),
    Question("rooms", "Whether a lesson can be held in each room", rooms.Rooms, apiparams.ROOMS),
    Question("alerts", "What is open, and what was", alerts.Alerts, apiparams.ALERTS),
    Question("security", "Attacks, and who would see one", security.Security, apiparams.SECURITY),
    Question("channels", "Whether messages get through", channels.Channels),
    Question(
        *("incidents", "What people have to judge, and what is due", incidents.Incidents),
        for_people=True,
    ),
    Question("unconnected", "Schools without a network", unconnected.UnconnectedAnswer),
    Question("supervision", "What is open past its due date", supervision.SupervisionAnswer),
    Question("targets", "The district against its targets", scores.Targets),
    Question("evidence", "Whether the audit log can be believed", logstate.EvidenceAnswer),
    Question("ledger", "What is missing, since when and why", ledger.Ledger, apiparams.LEDGER),
    Question("latest", "The newest value of every field", values.LatestAnswer, apiparams.AGENT),
    Question("series", "A field over time", values.SeriesAnswer, apiparams.SERIES),
    Question("dropped", "What the allow-list did not let in", dropped.DroppedAnswer),
    Question("canary", "Whether the whole way works", values.CanaryAnswer),
)
EVIDENCE: Final = (
    Question("audit/checkpoint", "What the audit log holds, signed", evidence.CheckpointAnswer),
    Question(
        *("audit/consistency", "The proof that the log only grew", evidence.ConsistencyAnswer),
        apiparams.CONSISTENCY,
    ),
    Question(
        *("audit/inclusion", "The proof that a row is in it", evidence.InclusionAnswer),
        apiparams.INCLUSION,
    ),
    Question("audit/witnesses", "Who holds checkpoints of it", evidence.WitnessesAnswer),
)
"""Answered by `EvidenceApi`."""


@dataclass(frozen=True, slots=True)
class Act:
    """One address that does something, by the account whose name and password come with it."""

    name: str
    handler: str
    says: str
    body: Any
    answer: Any

    @property
    def path(self) -> str:
        """Where it is asked."""
        return ROOT + self.name


ACTS: Final = (
    Act(
        *("alerts/ack", "acknowledge", "Acknowledge an alert: somebody takes care of it"),
        *(acting.AckAsked, acting.AckAnswer),
    ),
    Act(
        *("silences", "silence", "Silence alerts for a while"),
        *(acting.SilenceAsked, acting.SilenceAnswer),
    ),
    Act(
        *("silences/end", "end_silence", "End a silence before its time"),
        *(acting.EndAsked, acting.SilenceAnswer),
    ),
)
SELF: Final = ROOT + "openapi.json"
ACT_REFUSALS: Final = {
    "400": "what is asked cannot be read: the text says where",
    "401": "no such name and password",
    "403": "this account may not do that here",
    "409": "this cannot be done now: `parameter` is a word for the reason",
    "413": "too much is said",
    "415": "only application/json",
    "429": "too many attempts: Retry-After tells for how long to wait",
    "500": REFUSALS["500"],
    "503": "nothing was done: the database or the audit log cannot be written; try again",
}
TEXTS: Final = {
    "/healthz": ("The collector is alive", ("200",)),
    "/readyz": ("It can store what comes; else the text says why not", ("200", "503")),
    "/metrics": ("Its own metrics, for Prometheus", ("200",)),
}
LOG: Final = {
    "/audit/checkpoint": "The audit log's newest checkpoint, a signed note",
    "/audit/keys": "The verifier keys of the audit log, the newest last",
    "/audit/statements": "What was said of the audit log itself, signed",
    "/audit/tile/{path}": "A tile of its hashes (C2SP tlog-tiles)",
}
"""Files of the audit log; without one there is nothing of that name."""
_PATH: Final = {
    "name": "path",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "level and number of the tile, as `0/x001/234` or `1/000.p/17`",
}


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    bodies = [part for one in ACTS for part in (one.body, one.answer)]
    questions = (*QUESTIONS, *EVIDENCE)
    types = [*(one.answer for one in questions), *bodies, values.Refusal]
    template = "#/components/schemas/{name}"
    schemas, components = msgspec.json.schema_components(types, ref_template=template)
    refusal = _json(schemas[-1])
    paths = {one.path: _asked(one, schema, refusal) for one, schema in zip(questions, schemas)}
    of_acts = iter(schemas[len(questions) :])
    for act in ACTS:
        paths[act.path] = _acted(act, next(of_acts), next(of_acts), refusal)
    paths[SELF] = {"get": _get("openapi", "This document", {"200": _json({"type": "object"})})}
    for path, (says, statuses) in TEXTS.items():
        paths[path] = {"get": _get(path.strip("/"), says, _texts(statuses))}
    for path, says in LOG.items():
        get = _get(f"log {path.split('/')[2]}", says, _texts(("200", "404")))
        paths[path] = {"get": get | ({"parameters": [_PATH]} if "{path}" in path else {})}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "schoolwatch collector",
            "version": VERSION,
            "description": "What the pages show, for programs. Times come twice: RFC 3339 for "
            "people (null where never), nanoseconds for programs (0 where never). Later versions "
            "may add keys and words.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"account": {"type": "http", "scheme": "basic"}},
        },
    }


def _asked(one: Question, schema: Any, refusal: dict[str, Any]) -> dict[str, Any]:
    answers = {"200": _json(schema)}
    answers |= {status: refusal | {"description": says} for status, says in REFUSALS.items()}
    if not one.parameters:
        del answers["400"]
    if one.for_people:
        refused = {status: ACT_REFUSALS[status] for status in ("401", "403", "429")}
        answers |= {status: refusal | {"description": says} for status, says in refused.items()}
    get = _get(one.name, one.says, answers)
    if one.parameters:
        get["parameters"] = [parameter.spec() for parameter in one.parameters]
    if one.for_people:
        get["security"] = [{"account": []}, {}]
    return {"get": get}


def _acted(one: Act, body: Any, schema: Any, refusal: dict[str, Any]) -> dict[str, Any]:
    answers = {"200": _json(schema)}
    answers |= {status: refusal | {"description": says} for status, says in ACT_REFUSALS.items()}
    asked = {"required": True, "content": {JSON: {"schema": body}}}
    post = _get(one.handler, one.says, answers) | {"requestBody": asked}
    return {"post": post | {"security": [{"account": []}]}}


def _get(name: str, says: str, answers: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": name, "summary": says, "responses": answers}


def _json(schema: Any) -> dict[str, Any]:
    return {"description": "the answer", "content": {JSON: {"schema": schema}}}


def _texts(statuses: Iterable[str]) -> dict[str, Any]:
    content = {PLAIN: {"schema": {"type": "string"}}}
    return {status: {"description": "a text", "content": content} for status in statuses}
