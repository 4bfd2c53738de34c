"""Which machine reaches out too far: one judgement for scans and worms, so that each is one event.

A random walk for each (machine, its target) and each (machine, port): up for a first contact that
is refused or unanswered, down for one that is accepted, never below zero (Jung et al. as in
`agent.sensor.contacts`; for the floor Schechter, Jung, Berger, "Fast Detection of Scanning Worm
Infections", RAID 2004). So a hundred servers that answer weigh nothing, and a pause forgives. The
walks have many more steps than the four of the paper: an alert about a pupil's file sharing costs
a teacher's trust, and a scan of two dozen ports has done no harm yet.

Settled here, for `port_scan` and `worm_sweep` alike: what spreads over ports is a scan, even where
worms use one of them; what tries ports of worms on many machines, and no other port on many, is a
worm.
"""

from typing import ClassVar, Final

from agent.sensor.contacts import ACCEPTED, RESET, UNSEEN, Contact, Contacts
from agent.sensor.facts import Address, Fact, Mac
from agent.sensor.incidents import Incidents, Party
from agent.sensor.ports import SYSTEM_MAX, WEB_PORTS
from agent.sensor.roles import INSIDE, OUTSIDE
from agent.sensor.tables import Bounded
from agent.sensor.tallies import Attack, Limits, Row, Tally

PORT_SCAN, WORM_SWEEP = "port_scan", "worm_sweep"

ROWS: Final = 1024
"""Machines whose tries are held: more than a school has."""
WATCHED: Final = 256
"""Of them attack at a time; more are told of, and not followed."""
SWEPT: Final = 5
"""Targets missed on a port that make it one of those that a machine sweeps."""
DECOY: Final = "decoy"
"""What a machine does under addresses of others besides its own: told of as its own scan alone."""
SETTLES_S: Final = 5.0
"""A scanner that begins with the same port everywhere has shown others by then."""
ENDS_S: Final = 60.0
"""Without a new contact for so long an attack is over, or for five times its usual pause."""
UNSEEN_SYSTEM_PORTS: Final = 10
"""Of these a scan without any answer in sight must have some: a file transfer opens many ports of
one server and hardly any of these, a client of a domain controller eight."""
FAILED: Final = 2
"""So many times more contacts with a machine fail than are accepted, where it is scanned."""
UDP_SYSTEM_PORTS: Final = 3
"""Of these a scan of UDP must have some; questions that are answered too late have none."""


class Reach:
    """Judges each machine by its first contacts; signs of *kind* alone are given, once a second.

    It is the machine of both detectors, and hears of *contacts* alone, which both share.
    """

    takes: ClassVar[tuple[type[Fact], ...]] = ()

    def __init__(self, contacts: Contacts, incidents: Incidents, kind: str, limits: Limits) -> None:
        self._contacts = contacts
        contacts.tell.append(self._contact)
        self._incidents, self._kind, self._limits = incidents, kind, limits
        self._rows: Bounded[Address, Row] = Bounded(ROWS, Row)
        self._inside: Bounded[Mac, Address] = Bounded(ROWS, bytes)
        """An address inside that frames of a machine had."""
        self._watched: dict[Address, Row] = {}
        """Rows that are suspected or of attacks."""

    def take(self, fact: Fact) -> None:
        """Facts come as contacts."""

    def tick(self, now: float) -> None:
        """Hear that it is *now*."""
        for source, row in list(self._watched.items()):
            attack = row.attack
            if attack is None:
                continue
            if not attack.kind:
                self._settle(row, attack, now)
            if attack.news:
                self._give(attack)
            if now - attack.last >= attack.quiet_s:
                del self._watched[source]
                self._rows.drop(source)
                self._contacts.forget(source)

    def _contact(self, contact: Contact) -> None:
        gap_s, source, udp = self._limits.gap_s, contact.source, contact.udp
        worm = contact.port in self._limits.worm_ports and not udp
        good = contact.outcome == ACCEPTED
        if good and not worm and self._rows.get(source) is None:
            return
        row = self._rows.of(source)
        if self._contacts.routers.role_of(source) != OUTSIDE:
            self._inside.put(contact.mac, source)
        target = row.targets.of((contact.target, udp))
        port = row.ports.of((contact.port, udp, contact.outside))
        target.step(contact, gap_s)
        if contact.outcome == RESET:
            # Of many machines it says nothing: the capture may have begun after their connections.
            port.step(contact._replace(outcome=UNSEEN), gap_s)
        elif not contact.own:
            port.step(contact, gap_s)
            if _tells(contact, worm=worm):
                row.spread.step(contact, gap_s)
        if row.attack is not None:
            row.attack.add(contact)
        elif worm or not good:
            self._judge(row, contact, target, port, worm=worm)

    def _judge(self, row: Row, contact: Contact, target: Tally, port: Tally, *, worm: bool) -> None:
        limits = self._limits
        far = limits.targets_outside if contact.outside else limits.targets
        if self._is_vertical(target, udp=contact.udp):
            party = self._contacts.routers.party(contact.target, contact.target_mac)
            kind = DECOY if self._is_decoy(contact) else PORT_SCAN
            self._begin(row, contact, kind, party, target)
        elif worm:
            if port.weight >= limits.worm_targets or port.missed >= limits.worm_targets_unseen:
                self._begin(row, contact, "", _many(contact), port)
        elif port.walk >= far or self._is_unseen(port, contact):
            self._begin(row, contact, PORT_SCAN, _many(contact), port)
        elif row.spread.walk >= limits.spread:
            self._begin(row, contact, PORT_SCAN, Party(role=_many(contact).role), row.spread)

    def _is_decoy(self, contact: Contact) -> bool:
        """Return whether frames of one machine scan this target under another address too.

        `nmap -D` sends each question under several. An address outside is none of a machine's here
        that is no router; of those inside the first that is answered is its own.
        """
        routers, mac = self._contacts.routers, contact.mac
        if not mac or routers.is_router(mac):
            return False
        if routers.role_of(contact.source) == OUTSIDE:
            row = self._rows.get(self._inside.get(mac) or b"")
            return (
                routers.known()
                and row is not None
                and row.targets.get((contact.target, contact.udp)) is not None
            )
        attacks = (row.attack for row in self._watched.values() if row.attack is not None)
        return any(
            (one.kind, one.source.mac, one.target.address) == (PORT_SCAN, mac, contact.target)
            for one in attacks
        )

    def _is_vertical(self, tally: Tally, *, udp: bool) -> bool:
        if udp and tally.low < UDP_SYSTEM_PORTS:
            return False
        failed = tally.refused + tally.silent
        # A scan of the twenty usual ports finds some open, which is no reason to forgive it.
        scanned = failed >= self._limits.ports and failed >= FAILED * tally.accepted
        unseen = (
            tally.missed >= self._limits.ports_unseen
            and tally.low >= UNSEEN_SYSTEM_PORTS
            and tally.missed > tally.accepted
        )
        return scanned or unseen or tally.walk >= self._limits.ports

    def _is_unseen(self, port: Tally, contact: Contact) -> bool:
        """Return whether it swept a port inside, with no answer in sight."""
        return (
            contact.outcome == UNSEEN
            and not contact.outside
            and port.unseen >= self._limits.targets_unseen
            and port.missed > port.accepted
        )

    def _settle(self, row: Row, attack: Attack, now: float) -> None:
        """Say which attack it is that began on a port of worms."""
        if now - attack.suspected >= SETTLES_S:
            swept = {port for (port, _, _), one in row.ports.items() if one.missed >= SWEPT}
            attack.kind = PORT_SCAN if swept - self._limits.worm_ports else WORM_SWEEP

    def _begin(self, row: Row, contact: Contact, kind: str, target: Party, tally: Tally) -> None:
        steps = tally.missed + tally.accepted
        forgave = tally.walk < self._limits.ports and not tally.unseen
        began = (tally.since if kind and not forgave else tally.first) or contact.at
        pause = (tally.last - began) / max(steps, 1)
        attack = row.attack = Attack(
            kind=kind,
            source=self._contacts.routers.party(contact.source, contact.mac),
            target=target,
            began=began,
            suspected=contact.at,
            last=tally.last,
            number=contact.number,
            vlan=contact.vlan,
            quiet_s=min(max(ENDS_S, 5 * pause), max(ENDS_S, self._limits.gap_s)),
            news=steps,
            refused=tally.refused,
            silent=tally.silent,
            accepted=tally.accepted,
        )
        # What led to it, as far as it is held.
        for (port, _, _), one in row.ports.items():
            if one.last >= attack.began and one.missed:
                attack.add_port(port)
        for (address, _), one in row.targets.items():
            if one.last >= attack.began:
                attack.targets.add(address)
        if target.port:
            attack.swept = steps
        self._watch(row, contact)
        self._give(attack)

    def _give(self, attack: Attack) -> None:
        if attack.kind:
            sign = attack.sign()
            if sign.kind == self._kind:
                self._incidents.sign(sign)

    def _watch(self, row: Row, contact: Contact) -> None:
        if len(self._watched) < WATCHED or contact.source in self._watched:
            self._watched[contact.source] = row
        else:
            self._rows.drop(contact.source)


def _tells(contact: Contact, *, worm: bool) -> bool:
    """Return whether a contact counts for a scan that spreads over machines and ports.

    File sharing finds many dead machines outside, at ports that nobody chose.
    """
    if contact.outside:
        return contact.port <= SYSTEM_MAX and contact.port not in WEB_PORTS and not worm
    return contact.port <= SYSTEM_MAX or not contact.udp


def _many(contact: Contact) -> Party:
    """Return the targets of a sweep, which have a port in common."""
    return Party(port=contact.port, role=OUTSIDE if contact.outside else INSIDE)
