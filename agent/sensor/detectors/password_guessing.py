"""Who guesses passwords: hydra, medusa, ncrack, and slower ones, by how their connections look.

A guess is a connection that was there, carried about as much as a login needs, and soon ended. What
is said in it is not looked at, so many *good* logins of that kind look the same. A session of work
(longer, or with more bytes) forgives what came before: whoever mistypes gets in at last.
"""

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.detectors.base import Machine, detectors
from agent.sensor.facts import ACK, RST, SYN, Address, Fact, Tcp
from agent.sensor.incidents import NUMBERS_MAX, Incidents, Party, Sign
from agent.sensor.ports import DEVICE_PORTS, LOGIN_PORTS, SSH_PORTS, SYSTEM_MAX, WEB_PORTS
from agent.sensor.reach import WORM_SWEEP
from agent.sensor.sessions import Session, Sessions
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded, Distinct

KIND: Final = "password_guessing"

FTP, FTP_DATA, RDP, VNC = 21, 20, 3389, 5900
OPENS: Final = SYN | RST | ACK

LEAST: Final = {**dict.fromkeys(SSH_PORTS, 400), RDP: 100, VNC: 12}
"""Bytes that a client sends with any password at all: the keys of ssh, the hello of RDP.

Tools that give up early, and captures that somebody made, have less. Such a connection counts only
where many come within a minute: a monitor reads a banner once in that time.
"""
LEAST_ELSE: Final = 8
MOST_BYTES: Final = 8192
"""Each way: keys and some passwords of ssh are 3,000; a command or a file soon is more."""
MOST_UP: Final = dict.fromkeys(SSH_PORTS, 3350)
"""Bytes to a login by ssh that fails: hydra and ncrack send 1,550 to 2,500 with six passwords,
OpenSSH with its longest key exchange (sntrup761) 3,217 with three. With that a command is 3,477 and
more; with an older one 2,300, which looks like a guess."""
MOST_S: Final = 90.0
"""Servers close a login that waits for its password after 60 s."""

WINDOW_S: Final = 60.0
TOGETHER_S: Final = 600.0
PAUSE_S: Final = 300.0
"""Between two guesses of a slow one; what is done by a timer every five minutes is not one."""
ABREAST: Final = 4
"""Connections to one login at the same time: tools have as many, people one or two."""
ABREAST_TIMES: Final = 2
"""A tool goes on with the next passwords; a program that opens several at once does so once."""
PAIRS: Final = 1024
SERVICES: Final = 128


@detectors.add(KIND)
@dataclass(frozen=True, slots=True)
class PasswordGuessing:
    """Thresholds; each counts connections that look like guesses.

    `tries` of one machine at one service within a minute: a person who mistypes makes three to
    eight. `tries_web` the same on pages of the school's own devices: a browser opens dozens of
    connections for one page. `tries_slow` without a pause of five minutes. `tries_together` of
    eight and more machines at one service within ten minutes: a class that begins makes two each.
    `tries_spread` of one machine at ten and more others within ten minutes. `tries_abreast` of one
    machine at one service inside within a minute, four at a time: hydra and ncrack try several
    passwords in each connection, so that a list of fifty is nine connections.
    """

    tries: Annotated[int, Meta(ge=5, le=1000)] = 20
    tries_web: Annotated[int, Meta(ge=20, le=10_000)] = 300
    tries_slow: Annotated[int, Meta(ge=20, le=10_000)] = 120
    tries_together: Annotated[int, Meta(ge=20, le=1000)] = 200
    tries_spread: Annotated[int, Meta(ge=20, le=1000)] = 120
    tries_abreast: Annotated[int, Meta(ge=5, le=1000)] = 8

    def watch(self, shared: Shared, incidents: Incidents) -> Machine:
        """Return a machine without a past."""
        return PasswordGuessingMachine(self, shared, incidents)


@dataclass(slots=True)
class _Tries:
    """Guesses of one machine at one service, or of several: the times of the last ones."""

    lately: deque[float]
    first: float = 0.0
    last: float = 0.0
    slow: int = 0
    brief: int = 0
    """Besides those of `slow`: too small to hold a password, as far as anybody can tell."""
    abreast: int = 0
    """Guesses that began before the last `ABREAST` - 1 others had ended."""
    others: Distinct = field(default_factory=lambda: Distinct(1024))
    numbers: deque[int] = field(default_factory=lambda: deque(maxlen=NUMBERS_MAX))
    """Frames that show the last ones."""
    _ends: deque[float] = field(default_factory=lambda: deque(maxlen=ABREAST - 1))

    def add(self, session: Session, other: Address, *, brief: bool = False) -> None:
        """Take in a guess, which *other* is the other side of."""
        at = session.ended
        if at - self.last > PAUSE_S:
            self.clear()
        self.first, self.last = self.first or session.began, max(self.last, at)
        self.slow += not brief
        self.brief += brief
        self.lately.append(at)
        self.numbers.append(session.opened or session.number)
        self.others.add(other)
        crowded = len(self._ends) == ABREAST - 1 and not brief
        self.abreast += crowded and min(self._ends) > session.began
        self._ends.append(at)

    def clear(self) -> None:
        """Forgive."""
        self.lately.clear()
        self._ends.clear()
        self.numbers.clear()
        self.abreast = 0
        self.first, self.slow, self.brief, self.others = 0.0, 0, 0, Distinct(1024)

    def within(self, seconds: float) -> bool:
        """Return whether as many as are counted came within *seconds*."""
        full = len(self.lately) == self.lately.maxlen
        return full and self.lately[-1] - self.lately[0] <= seconds

    def at_a_time(self, least: int, seconds: float) -> bool:
        """Return whether *least* and more came within *seconds*, several at the same time."""
        enough = self.abreast >= ABREAST_TIMES and len(self.lately) >= least
        return enough and self.lately[-1] - self.lately[-least] <= seconds


def _tries(room: int) -> _Tries:
    return _Tries(deque(maxlen=room))


@dataclass(slots=True)
class _Attack:
    began: float = 0.0
    tries: int = 0
    confidence: float = 0.9
    targets: Distinct = field(default_factory=lambda: Distinct(1024))


class PasswordGuessingMachine:
    """Bounded by its tables."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Tcp,)

    def __init__(self, limits: PasswordGuessing, shared: Shared, incidents: Incidents) -> None:
        self._limits, self._network, self._incidents = limits, shared.network, incidents
        self._routers = shared.routers
        ports = {*LOGIN_PORTS, *(DEVICE_PORTS if shared.network.devices else ())}
        self._sessions = Sessions(ports, self._session)
        self._pairs: Bounded[tuple[Address, Address, int], _Tries] = Bounded(
            PAIRS, partial(_tries, limits.tries)
        )
        self._ftp: Bounded[tuple[Address, Address], list[float]] = Bounded(
            PAIRS, lambda: [-1e9], turns=True
        )
        """When a client of a server last began to transfer something."""
        self._web: Bounded[tuple[Address, Address, int], _Tries] = Bounded(
            SERVICES, partial(_tries, limits.tries_web)
        )
        self._spread: Bounded[tuple[Address, int], _Tries] = Bounded(
            SERVICES, partial(_tries, limits.tries_spread)
        )
        self._together: Bounded[tuple[Address, int], _Tries] = Bounded(
            SERVICES, partial(_tries, limits.tries_together)
        )
        self._attacks: Bounded[tuple[Address, int], _Attack] = Bounded(SERVICES, _Attack)

    def take(self, fact: Tcp) -> None:
        """Hear of a segment."""
        self._sessions.take(fact)
        if fact.flags & OPENS == SYN:
            if fact.target_port == FTP:
                self._ftp.of((fact.source, fact.target))
            else:
                self._data(fact)

    def tick(self, now: float) -> None:
        """Hear that it is *now*."""
        self._sessions.tick(now)

    def _data(self, fact: Tcp) -> None:
        """Note a connection for data of FTP: the logins that go on were good, and those before."""
        if fact.target_port > SYSTEM_MAX and fact.source_port != FTP_DATA:
            client, server = fact.source, fact.target
        elif fact.source_port == FTP_DATA:
            client, server = fact.target, fact.source
        else:
            return
        row = self._ftp.get((client, server))
        if row is not None:
            row[0] = fact.at
        tries = self._pairs.get((client, server, FTP))
        if tries is not None:
            tries.clear()

    def _session(self, session: Session) -> None:
        if self._is_excused(session):
            return
        if session.port == FTP:
            data = self._ftp.get((session.source, session.target))
            if data is not None and data[0] >= session.began:
                return
        source, target, port = session.source, session.target, session.port
        web = port in WEB_PORTS
        tries = (self._web if web else self._pairs).of((source, target, port))
        attacked = self._incidents.is_open(KIND, (source, port))
        guess = _is_guess(session)
        brief = not guess and not web and _is_brief(session)
        if not guess and not brief:
            if not attacked and _is_work(session):
                tries.clear()
            return
        tries.add(session, target, brief=brief)
        half = None in (session.up, session.down)
        fast = 0.6 if tries.brief > tries.slow else 0.7 if half else 0.9
        if attacked:
            self._go_on(session, fast if tries.within(WINDOW_S) else 0.0)
        elif tries.within(WINDOW_S):
            self._begin(session, tries, fast)
        elif guess and self._is_abreast(session, tries):
            self._begin(session, tries, 0.7)
        elif guess and not web and not self._is_drivers(session):
            self._slow(session, tries)

    def _is_excused(self, session: Session) -> bool:
        if session.source in self._network.allowed.scanners:
            return True
        if session.port not in LOGIN_PORTS and session.target not in self._network.devices:
            return True
        # Worms guess at what they find: one attack, one event.
        return self._incidents.is_open(WORM_SWEEP, session.source)

    def _is_abreast(self, session: Session, tries: _Tries) -> bool:
        """Return whether a tool is at work, as far as the number of its connections tells."""
        # Outside are services that one program asks for many things at once, as git does by ssh.
        if session.port not in LOGIN_PORTS or not self._network.is_ours(session.target):
            return False
        return tries.at_a_time(self._limits.tries_abreast, WINDOW_S)

    def _is_drivers(self, session: Session) -> bool:
        network = self._network
        return network.own.asks(session.mac, session.target, session.port, network.devices)

    def _slow(self, session: Session, tries: _Tries) -> None:
        """Count a guess that is not one of many at one service within a minute."""
        spread = self._spread.of((session.source, session.port))
        spread.add(session, session.target)
        if tries.slow >= self._limits.tries_slow:
            self._begin(session, tries, 0.5)
        elif spread.within(TOGETHER_S) and spread.others.count() >= 10:
            self._begin(session, spread, 0.6)
        else:
            self._of_many(session)

    def _begin(self, session: Session, tries: _Tries, confidence: float) -> None:
        attack = _Attack(tries.first, tries.slow + tries.brief, confidence, tries.others)
        self._attacks.put((session.source, session.port), attack)
        self._sign(session, attack, attack.tries, tuple(tries.numbers))

    def _go_on(self, session: Session, confidence: float) -> None:
        attack = self._attacks.of((session.source, session.port))
        attack.confidence = max(attack.confidence, confidence)
        attack.tries += 1
        attack.targets.add(session.target)
        self._sign(session, attack, 1)

    def _sign(
        self, session: Session, attack: _Attack, count: int, before: tuple[int, ...] = ()
    ) -> None:
        self._incidents.sign(
            Sign(
                KIND,
                (session.source, session.port),
                session.ended,
                session.opened or session.number,
                self._routers.party(session.source, session.mac),
                self._routers.party(session.target, session.target_mac, session.port),
                count,
                attack.confidence,
                {
                    "tries": attack.tries,
                    "targets": attack.targets.count(),
                    "seconds": round(session.ended - attack.began, 1),
                },
                attack.began,
                quiet_s=PAUSE_S,
                vlan=session.vlan,
                before=before,
            )
        )

    def _of_many(self, session: Session) -> None:
        """Count a guess of a machine that is not told of by itself."""
        together = self._together.of((session.target, session.port))
        together.add(session, session.source)
        sources = together.others.count()
        if not together.within(TOGETHER_S) or sources < 8:
            return
        key = ("together", session.target, session.port)
        new = not self._incidents.is_open(KIND, key)
        self._incidents.sign(
            Sign(
                KIND,
                key,
                session.ended,
                session.opened or session.number,
                Party(role=self._routers.role_of(session.source)),
                self._routers.party(session.target, session.target_mac, session.port),
                together.slow if new else 1,
                0.7,
                {
                    "tries": together.slow,
                    "sources": sources,
                    "seconds": round(session.ended - together.first, 1),
                },
                together.first,
                quiet_s=PAUSE_S,
                vlan=session.vlan,
            )
        )


def _is_guess(session: Session) -> bool:
    if session.ended - session.began > MOST_S or not (session.finished or session.up):
        return False
    least = LEAST.get(session.port, LEAST_ELSE)
    most = MOST_UP.get(session.port, MOST_BYTES)
    sent = session.up is None or least <= session.up <= most
    return sent and (session.down is None or session.down <= MOST_BYTES)


def _is_brief(session: Session) -> bool:
    """Return whether anything was said at all, and little."""
    up, down = session.up or 0, session.down or 0
    short = session.ended - session.began <= MOST_S and up + down > 0
    return short and up <= MOST_UP.get(session.port, MOST_BYTES) and down <= MOST_BYTES


def _is_work(session: Session) -> bool:
    long = session.ended - session.began > MOST_S
    return long or max(session.up or 0, session.down or 0) > MOST_BYTES
