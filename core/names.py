"""From a host name to an address, with an end to the waiting."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from core.errors import TargetUnreachable
from core.threads import OneAtATime

Found = list[tuple[Any, ...]]
"""What getaddrinfo gives: family, type, protocol, name, address; the best first (RFC 6724)."""

NO_SUCH: Final = {
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY")
    if hasattr(socket, name)
}


class NotResolved(TargetUnreachable):
    """A name has no address now: that says nothing of the machine that it names."""


class NoSuchHost(NotResolved):
    """The name servers answered, and no address belongs to the name."""


def look_up(host: str, flags: int = 0) -> Found:
    """Ask the system's resolver; blocks, for half a minute where name servers are silent."""
    # As bytes: a text would load the codec for international names, which few hosts have.
    name = host.encode() if host.isascii() else host
    return socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM, flags=flags)


@dataclass(frozen=True, slots=True)
class Names:
    """Finds addresses, each name in a thread of its own; an address is not asked about."""

    lookup: Callable[[str], Found] = look_up
    threads: OneAtATime = field(default_factory=OneAtATime)

    async def resolve(
        self, host: str, timeout_s: float, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> tuple[socket.AddressFamily, Any]:
        """Return family and address of *host*, of *family* where one is asked for.

        Raises NoSuchHost, also where it has addresses of another family only; NotResolved.
        """
        subject = f"{host} over {family.name}" if family else host
        try:
            found = numeric(host) or await self.threads.call(
                subject, partial(self.lookup, host), timeout_s
            )
        except socket.gaierror as error:
            kind = NoSuchHost if error.errno in NO_SUCH else NotResolved
            raise kind(f"{host}: {error.strerror}") from None
        except TargetUnreachable as error:
            raise NotResolved(str(error)) from None
        except ValueError as error:  # not even the form of a name
            raise NoSuchHost(f"{host}: {error}") from None
        for kind, _, _, _, address in found:
            if family in (kind, socket.AF_UNSPEC):
                return kind, address
        raise NoSuchHost(f"{host}: no address of the family {family.name}")


def numeric(host: str) -> Found:
    """Return the address that *host* is, `fe80::1%eth0` say; nothing where it is a name."""
    try:
        return look_up(host, socket.AI_NUMERICHOST)
    except socket.gaierror:
        return []


def with_port(address: Any, port: int) -> Any:
    """Return an address as getaddrinfo gives it, with *port* in it."""
    return (address[0], port, *address[2:])
