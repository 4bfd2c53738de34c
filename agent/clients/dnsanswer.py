"""What a name server's datagrams say, held against what is expected of it: one word each.

ok               an address, and one of those that are expected where some are
nxdomain         the name does not exist, and nobody said that it should not
no_data          the name has no record of this type
servfail         the server could not find out            refused   it will not answer us
rcode            any other error of the server
wrong_address    an address that is not expected: a block page, an advertisement
sinkhole         0.0.0.0, a loopback, an address of no server, where nothing is expected
not_nxdomain     an answer for a name that must not exist: NXDOMAIN is hijacked
two_answers      a second answer says something else: one of the two is forged
truncated        cut off, and the whole of it could not be had over TCP
mismatched       only answers to other questions: wrong id, or wrong name
malformed        only what is no DNS message
timeout          nothing                                  unreachable   nobody listens there
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from agent.clients.dnssocket import Datagram
from core.addressclass import Ip

NXDOMAIN: Final = "NXDOMAIN"
NODATA: Final = "NODATA"

THIS_NETWORK: Final = ipaddress.ip_network("0.0.0.0/8")
"""RFC 1122 3.2.1.3: of no machine, as is what `is_reserved` says of IPv4."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

BY_RCODE: Final = {
    dns.rcode.SERVFAIL: "servfail",
    dns.rcode.REFUSED: "refused",
    dns.rcode.NXDOMAIN: "nxdomain",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of one name; all empty: any answer is good."""

    networks: tuple[Network, ...] = ()
    nxdomain: bool = False
    no_data: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The first datagram that answers the question; the addresses as a set, without an order."""

    rcode: int
    addresses: frozenset[Ip]
    ttl_s: int
    truncated: bool

    def says(self) -> tuple[int, frozenset[Ip]]:
        """Return what two honest answers to one question have in common."""
        return self.rcode, self.addresses


@dataclass(frozen=True, slots=True)
class Found:
    """All that came of one question: the word, and what it rests on."""

    verdict: str
    answer: Answer | None = None
    seconds: float = 0.0
    strays: int = 0
    """Datagrams that answer no question of ours."""


def expected_of(words: Iterable[str]) -> Expected:
    """Return what *words* expect: addresses, networks, NXDOMAIN, NODATA; raises ValueError."""
    given = list(words)
    return Expected(
        tuple(ipaddress.ip_network(word) for word in given if word not in (NXDOMAIN, NODATA)),
        nxdomain=NXDOMAIN in given,
        no_data=NODATA in given,
    )


def question(name: str, record_type: str) -> dns.message.Message:
    """Return a question with an id of its own, without EDNS: some old boxes choke on that.

    Raises ValueError where *name* cannot be a name.
    """
    try:
        return dns.message.make_query(name, record_type, use_edns=False)
    except dns.exception.DNSException as error:
        raise ValueError(
            f"{name!r} cannot be asked for: {str(error) or type(error).__name__}"
        ) from None


def answer_to(asked: dns.message.Message, datagram: bytes) -> Answer | None:
    """Return what *datagram* answers; None for another question's, or a damaged one."""
    try:
        message = dns.message.from_wire(datagram, ignore_trailing=True)
        if not isinstance(message, dns.message.QueryMessage) or not asked.is_response(message):
            return None
        rcode, truncated = int(message.rcode()), bool(message.flags & dns.flags.TC)
        if rcode != dns.rcode.NOERROR or truncated:
            return Answer(rcode, frozenset(), 0, truncated)
        chain = message.resolve_chaining()
    except (dns.exception.DNSException, ValueError):
        return None
    records = chain.answer or ()
    addresses = frozenset(ipaddress.ip_address(record.address) for record in records)
    return Answer(rcode, addresses, chain.minimum_ttl, truncated)


def found(
    asked: dns.message.Message, datagrams: Sequence[Datagram], expected: Expected, *, refused: bool
) -> Found:
    """Return what came of *asked*; *refused* says that nobody listens at the address."""
    parsed = [(seconds, answer_to(asked, datagram)) for seconds, datagram in datagrams]
    answers = [(seconds, answer) for seconds, answer in parsed if answer]
    strays = len(parsed) - len(answers)
    if not answers:
        return Found(_nothing(asked, datagrams, refused=refused), strays=strays)
    seconds, first = answers[0]
    if first.truncated:
        verdict = "truncated"
    elif any(other.says() != first.says() for _, other in answers if not other.truncated):
        verdict = "two_answers"
    else:
        verdict = verdict_of(first, expected, asked.question[0].rdtype)
    return Found(verdict, first, seconds, strays)


def verdict_of(answer: Answer, expected: Expected, rdtype: int) -> str:
    """Return the word for *answer* to a question for records of type *rdtype*."""
    if answer.rcode == dns.rcode.NXDOMAIN:
        return "ok" if expected.nxdomain else "nxdomain"
    if answer.rcode != dns.rcode.NOERROR:
        return BY_RCODE.get(dns.rcode.Rcode(answer.rcode), "rcode")
    version = 6 if rdtype == dns.rdatatype.AAAA else 4
    networks = [network for network in expected.networks if network.version == version]
    if not answer.addresses:
        # Expected beside networks, NODATA is about the other type.
        return "ok" if expected.no_data and not networks else "no_data"
    return _verdict_of(answer.addresses, expected, networks)


def _verdict_of(addresses: frozenset[Ip], expected: Expected, networks: Sequence[Network]) -> str:
    """Return the word for *addresses*, of which *networks* are expected of their type."""
    if networks:
        fit = all(any(ip in network for network in networks) for ip in addresses)
        return "ok" if fit else "wrong_address"
    if expected.nxdomain:
        return "not_nxdomain"
    if expected.no_data:
        return "wrong_address"
    return "sinkhole" if any(map(_is_nowhere, addresses)) else "ok"


def _is_nowhere(ip: Ip) -> bool:
    # Python 3.11 asks an IPv4 address inside an IPv6 one (RFC 4291 2.5.5.2) for nothing.
    meant = (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip
    if isinstance(meant, ipaddress.IPv4Address) and (meant in THIS_NETWORK or meant.is_reserved):
        return True
    return meant.is_unspecified or meant.is_loopback or meant.is_link_local or meant.is_multicast


def _nothing(asked: dns.message.Message, datagrams: Sequence[Datagram], *, refused: bool) -> str:
    if refused:
        return "unreachable"
    if not datagrams:
        return "timeout"
    mark = asked.id.to_bytes(2)
    damaged = any(datagram[:2] == mark and not _is_whole(datagram) for _, datagram in datagrams)
    return "malformed" if damaged else "mismatched"


def _is_whole(datagram: bytes) -> bool:
    try:
        dns.message.from_wire(datagram, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return False
    return True
