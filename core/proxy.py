"""The HTTP proxy by which something outside is reached."""

from typing import NamedTuple


class Proxy(NamedTuple):
    """An HTTP proxy on the way to a receiver; `auth` is `name:password`, not shown."""

    url: str
    auth: str = ""

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"
