"""A sensor that is started anew in the middle of an attack names the attacker all the same."""

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from agent.sensor.detectors.arp_spoof import ArpSpoofMachine
from agent.sensor.incidents import Incident
from agent.sensor.network import Network
from agent.sensor.owners import Owner
from agent.sensor.packets import facts_of
from agent.sensor.watching import Watching, watching
from tests.packets import ndp
from tests.packets import spoofing as say
from tests.packets.captures import ETHERNET
from tests.packets.frames import mac_bytes

GATEWAY = ("02:00:00:00:00:01", "10.0.0.1")
REPLACED = ("02:00:00:00:00:02", "10.0.0.1")
VICTIM = ("02:00:00:00:00:20", "10.0.0.20")
CLIENT = ("02:00:00:00:00:30", "10.0.0.30")
ATTACKER = "02:00:00:00:00:66"
KNOWN = Network(gateways=frozenset({ip_address(GATEWAY[1]).packed}))
T = 1_790_000_000.0

Frames = list[tuple[float, bytes]]


class Sensor:
    """One process: `began` has the attacks that it told of, and when."""

    def __init__(self, at: float, handed: Sequence[Owner] = ()) -> None:
        self.began: list[tuple[float, Incident]] = []
        self.at = at
        self.watching: Watching = watching(KNOWN, self._tell, None, handed, at)

    def _tell(self, incident: Incident, stage: str) -> None:
        if stage == "begin":
            self.began.append((self.at, incident))

    def hear(self, frames: Frames, until: float = 0.0) -> None:
        for number, (at, frame) in enumerate(frames, 1):
            self.at = at
            for fact in facts_of(frame, at, number, ETHERNET, len(frame)):
                self.watching.take(fact)
        while self.at < until:
            self.at += 1
            self.watching.tick(self.at)

    @property
    def known(self) -> tuple[Owner, ...]:
        (machine,) = (one for one in self.watching.machines if isinstance(one, ArpSpoofMachine))
        return machine.owners.known()

    def blamed(self) -> list[tuple[str, str]]:
        return [(one.kind, one.source.mac.hex(":")) for _, one in self.began]


def honest(at: float, gateway: tuple[str, str] = GATEWAY, times: int = 10) -> Frames:
    return list(say.talk(at, CLIENT, gateway, times, 30.0))


def lies(at: float, times: int = 30) -> Frames:
    """To one victim; the gateway has nothing to say meanwhile."""
    return list(say.arpspoof(at, ATTACKER, GATEWAY[1], *VICTIM, times=times))


OWNED = (Owner(0, ip_address(GATEWAY[1]).packed, mac_bytes(GATEWAY[0])),)


def test_whose_the_gateways_address_is_is_known_after_two_minutes_and_of_nobody_else() -> None:
    sensor = Sensor(T)
    sensor.hear(honest(T, times=4))
    assert not sensor.known
    sensor.hear(honest(T + 120))
    assert sensor.known == OWNED


def test_an_attack_that_runs_while_the_sensor_starts_anew_is_named_within_seconds() -> None:
    before = Sensor(T)
    before.hear(honest(T))
    before.hear(lies(T + 300))
    assert before.blamed() == [("gateway_spoof", ATTACKER)]
    assert before.known == OWNED, "the attack changes nothing of it"

    after = Sensor(T + 365, before.known)
    after.hear(lies(T + 366), T + 430)
    assert after.blamed() == [("gateway_spoof", ATTACKER)]
    [(at, one)] = after.began
    assert at - (T + 366) <= 10
    assert one.target.mac == mac_bytes(GATEWAY[0])
    assert after.known == OWNED

    without = Sensor(T + 365)
    without.hear(lies(T + 366), T + 430)
    assert without.blamed() == [], "one side alone proves little where nobody owns the address"


def test_a_liar_never_becomes_the_owner() -> None:
    sensor = Sensor(T)
    sensor.hear(lies(T, times=400), T + 900)
    assert sensor.known == ()
    third = Sensor(T, OWNED)
    third.hear(lies(T, times=400), T + 900)
    assert third.known == OWNED


@pytest.mark.parametrize("pause_s", [2.0, 60.0, 500.0])
def test_a_gateway_that_was_replaced_while_the_sensor_started_is_accused_of_nothing(
    pause_s: float,
) -> None:
    at = T + pause_s
    sensor = Sensor(T, OWNED)
    boots = [say.announced(at + number, *REPLACED) for number in range(3)]
    sensor.hear(say.merged(boots, honest(at + 5, REPLACED, times=30)), at + 1000)
    assert sensor.blamed() == []
    assert sensor.known == (OWNED[0]._replace(mac=mac_bytes(REPLACED[0])),)


def test_a_known_gateway_that_goes_on_as_before_is_accused_of_nothing() -> None:
    sensor = Sensor(T, OWNED)
    sensor.hear(honest(T + 1), T + 600)
    assert (sensor.blamed(), sensor.known) == ([], OWNED)


POSED = ("02:00:00:00:00:40", "10.0.0.40")
OWN = (ATTACKER, "10.0.0.66")


def side_lies(at: float, posed: str = POSED[1], times: int = 30) -> Frames:
    """To one victim, as another machine than a gateway."""
    return list(say.arpspoof(at, ATTACKER, posed, *VICTIM, times=times))


def test_who_poses_as_another_machine_than_a_gateway_is_named_again_within_seconds() -> None:
    before = Sensor(T)
    before.hear(say.merged(list(say.talk(T, CLIENT, POSED, 4)), side_lies(T + 100)))
    [(_, told)] = before.began
    assert (told.kind, told.target.mac) == ("arp_spoof", mac_bytes(POSED[0]))

    handed = (Owner(0, told.target.address, told.target.mac),)
    after = Sensor(T + 165, handed)
    after.hear(side_lies(T + 166), T + 240)
    assert after.blamed() == [("arp_spoof", ATTACKER)]
    assert after.began[0][0] - (T + 166) <= 10
    assert after.known == (), "a person's machine is handed on by its event alone"

    without = Sensor(T + 165)
    without.hear(side_lies(T + 166), T + 240)
    assert without.blamed() == []


def test_a_spoofer_of_a_silent_gateway_is_named_again_by_his_own_address() -> None:
    before = Sensor(T)
    own = [say.asked(T, *OWN, VICTIM[1])]
    before.hear(say.merged(own, lies(T + 1)))
    [(_, told)] = before.began
    assert (told.kind, told.target.mac) == ("gateway_spoof", b"")
    source = told.source
    after = Sensor(T + 70, (Owner(0, source.address, source.mac),))
    after.hear(lies(T + 71), T + 140)
    assert after.blamed() == [("gateway_spoof", ATTACKER)]
    without = Sensor(T + 70)
    without.hear(lies(T + 71), T + 140)
    assert without.blamed() == []


def test_of_several_own_addresses_the_one_of_the_family_that_he_lies_about_is_told() -> None:
    sensor = Sensor(T)
    own6 = [(T + 1, ndp.neighbour_advert(ATTACKER, "fe80::66", dst="33:33:00:00:00:01"))]
    sensor.hear(say.merged([say.asked(T, *OWN, VICTIM[1])], own6, lies(T + 2)))
    [(_, told)] = sensor.began
    assert told.source.address == ip_address(OWN[1]).packed


def test_who_is_handed_on_and_goes_on_as_any_machine_does_is_accused_of_nothing() -> None:
    handed = tuple(
        Owner(0, ip_address(address).packed, mac_bytes(mac)) for mac, address in (POSED, OWN)
    )
    sensor = Sensor(T, handed)
    sensor.hear(
        say.merged(
            list(say.talk(T + 1, POSED, OWN)),
            list(say.talk(T + 5, OWN, POSED)),
            [say.announced(T + 30, REPLACED[0], POSED[1])],  # its address went to another machine
            list(say.talk(T + 40, (REPLACED[0], POSED[1]), CLIENT, 10)),
        ),
        T + 700,
    )
    assert sensor.blamed() == []
