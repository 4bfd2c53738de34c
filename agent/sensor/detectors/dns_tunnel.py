"""Data hidden in names that are asked for: iodine, dnscat2, dns2tcp.

Whoever sends data this way must ask for ever new, long names below one domain. That content
networks and virus scanners do too, though each client rarely, or for answers that fit an address.
So the numbers are kept for each client and domain, in memory and as hashes for some minutes; what
is told are counts, sizes and the machine that asked, never the domain (docs/decisions/015).
"""

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.detectors.base import detectors
from agent.sensor.domains import cut
from agent.sensor.facts import Dns, Fact
from agent.sensor.incidents import Incidents, Party, Sign
from agent.sensor.roles import INSIDE, RESOLVER
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded

KIND: Final = "dns_tunnel"
RAW: Final = frozenset((10, 65_399))
"""NULL and iodine's PRIVATE: nobody else asks for them."""
CARRYING: Final = frozenset((5, 15, 16, 24, 25, 33))
"""CNAME, MX, TXT, SIG, KEY, SRV: their answers hold more than an address."""
BODY: Final = 8
"""Characters that are no data: a host's name. Shorter names are not looked at."""

MAIL: Final = "._domainkey."
"""Keys of senders (DKIM, RFC 6376), many below the domain of one that sends for others."""
AGAIN: Final = 4
"""Times that each name may come again before it carries nothing."""

ORDINARY: Final = frozenset(
    (
        *("mcafee.com", "trellix.com", "sophosxl.net", "e5.sk", "kaspersky-labs.com"),
        *("spamhaus.org", "spamhaus.net", "surbl.org", "uribl.com", "barracudacentral.org"),
        *("cymru.com", "dnswl.org", "abuseat.org", "spamcop.net", "sorbs.net"),
        *("akadns.net", "akamaiedge.net", "akamai.net", "edgekey.net", "cloudfront.net"),
        *("googlevideo.com", "gvt1.com", "amazonaws.com", "trafficmanager.net", "azure.com"),
        *("windows.net", "alicdn.com", "aliyuncs.com", "kunlunsl.com", "tdnsv6.com", "qcloud.com"),
        *("myqcloud.com", "bdydns.com", "wscdns.com", "umeng.com", "umengcloud.com", "360safe.com"),
        *("qihucdn.com", "dns-detect.com", "bytefcdn-oversea.com"),
    )
)
"""Domains that carry a hash, an address or a machine's number in a name by design: virus scanners,
lists of senders, content networks."""

Number = Annotated[int, Meta(ge=2, le=100)]
Length = Annotated[float, Meta(ge=1, le=250)]


@dataclass(frozen=True, slots=True)
class _Limit:
    """So many different names of this mean length, by one client below one domain."""

    names: int
    length: float
    confidence: float


@detectors.add(KIND)
@dataclass(frozen=True, slots=True)
class DnsTunnel:
    """Thresholds of the detector: different names of one client below one domain in `window_s`.

    A tunnel that does nothing asks every 4 s (iodine) or 1 s (dnscat2) to hear whether there is
    something for it: 75 names in 5 minutes. `raw_names` of a type that nobody else uses;
    `carrying_names` of types that carry data back (with 16 characters, which dnscat2's empty
    packets have); `address_names` of others, whose names must be as long as data make them: a hash
    in hexadecimal has 32, one of a virus scanner up to 40.
    """

    window_s: Annotated[float, Meta(ge=10, le=3600)] = 300.0
    raw_names: Number = 15
    carrying_names: Number = 50
    carrying_length: Length = 16.0
    address_names: Number = 80
    address_length: Length = 45.0
    ordinary: tuple[str, ...] = ()
    """Registered domains besides those of `ORDINARY` whose names are long by design."""
    quiet_s: Annotated[float, Meta(ge=10, le=3600)] = 300.0

    def watch(self, shared: Shared, incidents: Incidents) -> "Watch":
        """Return a machine without a past."""
        return Watch(self, shared, incidents)


@dataclass(slots=True)
class Row:
    """What one client asked below one domain since `since`, by what answers could carry."""

    since: float = 0.0
    names: dict[str, set[int]] = field(default_factory=dict)
    characters: dict[str, int] = field(default_factory=dict)
    again: int = 0
    """Messages about a name that was counted before."""
    found: str = ""
    """The sort of names that showed a tunnel in this window."""
    asked: int = 0
    answered: int = 0
    answer_bytes: int = 0

    def begin(self, at: float) -> None:
        """Forget all, for a window that begins at *at*."""
        self.since, self.again, self.found = at, 0, ""
        self.asked = self.answered = self.answer_bytes = 0
        self.names.clear()
        self.characters.clear()


class Watch:
    """The state of the detector."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Dns,)

    def __init__(self, thresholds: DnsTunnel, shared: Shared, incidents: Incidents) -> None:
        self._is, self._incidents = thresholds, incidents
        self._routers = shared.routers
        self._rows: Bounded[int, Row] = Bounded(1024, Row, turns=True)
        self._ordinary = ORDINARY | frozenset(one.lower().strip(".") for one in thresholds.ordinary)
        self._limits = {
            "raw": _Limit(thresholds.raw_names, 1.0, 0.95),
            "carrying": _Limit(thresholds.carrying_names, thresholds.carrying_length, 0.85),
            "address": _Limit(thresholds.address_names, thresholds.address_length, 0.7),
        }

    def take(self, fact: Dns) -> None:
        """Hear of a question or an answer."""
        sort = "raw" if fact.kind in RAW else "carrying" if fact.kind in CARRYING else "address"
        if len(fact.name) < BODY or (
            sort == "address" and len(fact.name) < self._is.address_length
        ):
            return
        body, domain = cut(fact.name)
        if (len(body) < BODY and sort != "raw") or not domain or domain in self._ordinary:
            return
        if MAIL in fact.name or _is_address(fact.name):
            return
        client = fact.target if fact.response else fact.source
        key = hash((client, domain))  # of text it is salted: it says nothing outside this process
        row = self._rows.of(key)
        if fact.at - row.since >= self._is.window_s:
            row.begin(fact.at)
        if fact.response:
            row.answered += 1
            row.answer_bytes += fact.size
        else:
            row.asked += 1
        self._note(row, sort, body)
        self._judge(fact, row, sort, key)

    def tick(self, now: float) -> None:
        """Nothing ends by itself: rows that are not asked for make room for others."""

    def _note(self, row: Row, sort: str, body: str) -> None:
        names = row.names.setdefault(sort, set())
        one = hash(body)
        if one in names:
            row.again += 1
        elif len(names) < self._limits[sort].names:
            names.add(one)
            row.characters[sort] = row.characters.get(sort, 0) + len(body)

    def _judge(self, fact: Dns, row: Row, sort: str, key: int) -> None:
        limit = self._limits[sort]
        count, characters = len(row.names[sort]), row.characters[sort]
        long_enough = count >= limit.names and characters >= limit.length * count
        # A question, its answer and one try more are no sign; asked for ever again, it is no data.
        if long_enough and row.again <= AGAIN * count:
            row.found = sort
        if row.found != sort:
            return
        asked = max(row.asked, row.answered)
        self._incidents.sign(
            Sign(
                *(KIND, key, fact.at, fact.number),
                source=self._party(fact, asks=True),
                target=self._resolver(fact),
                count=1 if self._incidents.is_open(KIND, key) else asked,
                confidence=limit.confidence,
                evidence={
                    "names": asked,
                    "name_length": round(characters / count),
                    "answer_bytes": row.answer_bytes,
                    "seconds": round(fact.at - row.since),
                },
                began=row.since,
                quiet_s=self._is.quiet_s,
                vlan=fact.vlan,
            )
        )

    def _party(self, fact: Dns, *, asks: bool) -> Party:
        """Return who asks, or who is asked."""
        sent = asks != fact.response
        return self._routers.party(*((fact.source, fact.src) if sent else (fact.target, fact.dst)))

    def _resolver(self, fact: Dns) -> Party:
        """Return who is asked: a tunnel that needs no resolver goes to its other end at once."""
        party = self._party(fact, asks=False)
        return replace(party, role=RESOLVER) if party.role == INSIDE else party


def _is_address(name: str) -> bool:
    """Return whether it begins with an IPv4 address, as questions to lists of senders do."""
    labels = name.split(".", 4)[:4]
    return len(labels) == 4 and all(one.isdecimal() and len(one) <= 3 for one in labels)
