"""A district under attack: alerts as the engine makes them of events that sensors told."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alerts.history import Began
from alerts.step import Case
from collector.picture import Picture, SchoolView
from collector.security.sensors import Sensor, SensorKey, Sensors
from collector.security.view import SecurityView, view_of
from core.alerts import Alert, AlertKey
from core.kinds import KINDS
from core.shown import named, shown
from tests.collector.web.fakes import MINUTE, NOW

HOUR = 60 * MINUTE
ADDRESS, MAC, VICTIM = "192.168.31.77", "de:ad:be:ef:00:77", "192.168.31.1"
SEEN_ALL: Mapping[str, Any] = {"frames": 90_000, "dropped": 0, "sees": "all", "blind": ""}
UNSEEN = "port_scan syn_flood worm_sweep password_guessing cleartext_login dns_tunnel"


def details(**evidence: int | float) -> dict[str, Any]:
    """Return what an agent tells of an attack (agent/sensor/telling.py)."""
    return {
        "source": {"address": ADDRESS, "mac": MAC, "role": "inside"},
        "target": {"address": VICTIM, "mac": "de:ad:be:ef:00:01", "role": "gateway", "port": 445},
        "count": 312,
        "confidence": 0.93,
        "evidence": evidence or {"frames": 312, "seconds": 60},
        "began": NOW - 12 * MINUTE,
        "vlan": 0,
    }


def case(number: int, kind: str, place: str, began: int, said: Mapping[str, Any]) -> Case:
    """Return an open alert about an event of *kind*."""
    key = AlertKey(kind, place, "eth0", f"{number:010x}")
    alert = Alert(
        *(key, KINDS[kind].severity, "firing", began, began, 0, number),
        details=shown(kind, said),
    )
    return Case(alert, named=named(kind, said))


ATTACKS: Sequence[tuple[int, str, Mapping[str, Any]]] = (
    (0, "gateway_spoof", details()),
    (0, "port_scan", details(ports=871, targets=12, seconds=60)),
    (1, "worm_sweep", details(targets=230, refused=198, seconds=30)),
    (2, "sensor_stopped", {"why": "no such interface"}),
    (3, "rogue_dhcp", details(answers=14, clients=6)),
    (5, "cleartext_login", {"target": {"role": "device", "port": 23}, "confidence": 1.0}),
)


def cases(schools: Sequence[SchoolView]) -> Iterator[Case]:
    """Give the alerts of *schools* that are of security."""
    for number, (of, kind, said) in enumerate(ATTACKS, 1):
        if of < len(schools):
            view = schools[of]
            place = f"{view.region}/{view.school}/jifang-1"
            yield case(500 + number, kind, place, NOW - (3 + 11 * number) * MINUTE, said)
    if len(schools) > 3:
        count = {"count": 3, "schools": [one.name for one in schools[1:4]], "grade": "较大"}
        key = AlertKey("attack_spreads", "", "EV-MAL-WORM")
        yield Case(Alert(key, "P2", "firing", NOW - HOUR, NOW - HOUR, 0, 599, details=count))


def sensors(schools: Sequence[SchoolView]) -> Sensors:
    """Return sensors of every kind: most schools have none."""
    found = Sensors()
    for n, view in enumerate(schools[:8]):
        key = SensorKey(view.region, view.school, "jifang-1", "eth0")
        blind: Mapping[str, Any] = {"frames": 4_000, "dropped": 31, "sees": "own", "blind": UNSEEN}
        census: Mapping[str, Any] = {"machines": 132, "random_macs": 41, "infrastructure": 9}
        heard = NOW - (20 * MINUTE if n == 4 else MINUTE)
        found.known[key] = Sensor(key, heard, blind if n % 2 else SEEN_ALL, census)
    if schools:
        found.verdicts[schools[0].region, schools[0].school] = {"malware": 7, "mining": 0}
    return found


def secured(picture: Picture) -> SecurityView:
    """Return the security of *picture*'s schools."""
    return view_of(picture, cases(picture.schools), sensors(picture.schools), NOW)


def week(schools: Sequence[SchoolView]) -> tuple[Began, ...]:
    """Return what began within a week."""
    return tuple(
        Began(kind, f"{one.region}/{one.school}/jifang-1", 1 + n % 4)
        for n, one in enumerate(schools[:20])
        for kind in ("port_scan", "gateway_spoof", "rogue_dhcp", "new_device")[: 1 + n % 4]
    )
