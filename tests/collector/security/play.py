"""Cases, sensors and pictures to judge, and the readings that a sensor sends."""

from collections.abc import Iterable, Mapping
from typing import Any

from alerts.step import Case
from collector.security.sensors import Sensors
from core.alerts import Alert, AlertKey
from core.clock import SECOND
from core.kinds import KINDS
from core.lineprotocol_encode import encode
from core.shown import shown
from core.types import Reading, Value
from tests.collector.making import NOW, REGION, WHO

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def case(
    kind: str,
    school: str = WHO.school,
    began: int = NOW,
    *,
    number: int = 1,
    said: Mapping[str, Any] | None = None,
    state: Any = "firing",
) -> Case:
    key = AlertKey(kind, f"{REGION}/{school}/host", "eth0", f"{number:x}")
    details = shown(kind, said or {"confidence": 0.9})
    severity = KINDS[kind].severity
    return Case(Alert(key, severity, state, began, began, 0, number, details=details))


def cases(kind: str, schools: Iterable[str], began: int = NOW) -> list[Case]:
    return [case(kind, school, began, number=n) for n, school in enumerate(schools, 1)]


def line(measurement: str, at: int, tags: Mapping[str, str], **fields: Value) -> bytes:
    return encode(Reading(measurement, fields, at, tags))


def hear(sensors: Sensors, measurement: str = "sensor", at: int = NOW, **fields: Value) -> None:
    """Let a sensor's reading come in as its agent's."""
    sensors._take(WHO, line(measurement, at, {"interface": "eth0"}, **fields), at)
