"""Whether a process of the trial does its work yet, seen from outside as a user would."""

import http.client
import socket
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from collector.trial.ports import LOOPBACK
from core.types import Identity

TIMEOUT_S: Final = 2.0


class _Agent(msgspec.Struct):
    region: str
    school: str
    agent: str
    state: str


class _School(msgspec.Struct):
    agents: list[_Agent]


class _Live(msgspec.Struct):
    """What is needed of `/api/v1/live`."""

    schools: list[_School]


class _Value(msgspec.Struct):
    at_ns: int
    measurement: str = ""


class _Latest(msgspec.Struct):
    """What is needed of `/api/v1/latest`."""

    values: list[_Value]


class _Canary(msgspec.Struct):
    """What is needed of `/api/v1/canary`."""

    number: int


_T = TypeVar("_T")


def takes_connections(port: int) -> bool:
    """Tell whether something listens on *port*."""
    try:
        with socket.create_connection((LOOPBACK, port), TIMEOUT_S):
            return True
    except OSError:
        return False


def answers(port: int, path: str) -> bool:
    """Tell whether an HTTP request for *path* is answered with 200."""
    return _get(port, path) is not None


def reported(port: int, who: Identity, since: int) -> bool:
    """Tell whether the collector shows *who* up, and stored a reading taken since *since* (ns)."""
    live = _ask(port, "/api/v1/live", _Live)
    agents = [agent for school in live.schools for agent in school.agents] if live else []
    up = {
        Identity(agent.region, agent.school, agent.agent): agent.state == "up" for agent in agents
    }
    if not up.get(who):
        return False
    words = urlencode({"region": who.region, "school": who.school, "agent": who.agent})
    latest = _ask(port, f"/api/v1/latest?{words}", _Latest)
    # What the collector writes down of an agent's events is no reading.
    readings = [v for v in latest.values if v.measurement != "event"] if latest else []
    return any(value.at_ns >= since for value in readings)


def schools_up(port: int) -> int:
    """Return how many schools the collector shows with an agent that is up."""
    live = _ask(port, "/api/v1/live", _Live)
    schools = live.schools if live else []
    return sum(any(agent.state == "up" for agent in school.agents) for school in schools)


def came_round(port: int, since: int) -> bool:
    """Tell whether a canary that was sent since *since* (ns) came through the collector."""
    canary = _ask(port, "/api/v1/canary", _Canary)
    return canary is not None and canary.number >= since


def _ask(port: int, path: str, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(_get(port, path) or b"", type=kind)
    except msgspec.MsgspecError:
        return None


def _get(port: int, path: str) -> bytes | None:
    # Not urllib: it would ask the proxy that the environment names for an address on loopback.
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == http.client.OK else None
