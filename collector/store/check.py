"""`schoolwatch store check`: what is wrong with the InfluxDB of a configuration, in words.

Goes the way of the collector, with its credentials, one question after the other; what comes after
something that does not work is not asked. Each database gets one point of the measurement
`schoolwatch_check`, which no page and no dashboard shows, and is asked for it.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Final
from urllib.parse import urlsplit

from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from collector.store.check_database import Look, databases
from collector.store.check_rights import credentials
from collector.store.config import StoreConfig
from collector.store.influx_admin import Admin
from core import clock
from core.errors import StoreError
from core.findings import Finding

CLOCK_S: Final = 10.0
"""By more than that the two clocks must not differ: the newest minute would be missing on a page,
or a value would seem to come from the future. The header that tells the time has whole seconds."""


def check(store: StoreConfig, collector: str) -> Iterator[Finding]:
    """Yield what is found, in the order in which it is asked."""
    with closing(Admin(store.url, store.token(), store.timeout_s)) as admin:
        try:
            server = admin.server()
        except StoreError as error:
            yield unreachable(error, store)
            return
        yield Finding("server", "works", f"{server} answers at {store.url}")
        yield _clock(admin)
        try:
            yield from _inside(Look(admin, server, store, collector))
        except StoreError as error:
            yield unreachable(error, store)


def _inside(look: Look) -> Iterator[Finding]:
    for finding in credentials(look):
        yield finding
        if finding.wrong:
            return
    yield from databases(look)


def _clock(admin: Admin) -> Finding:
    before = time.time()
    theirs = admin.call("GET", "/ping").clock()
    between = (before + time.time()) / 2
    if not theirs:
        return Finding("clock", "note", "the server does not tell its time")
    off = theirs + 0.5 - between
    if abs(off) <= CLOCK_S:
        return Finding(
            "clock", "works", f"the server's and this one differ by less than {CLOCK_S:g} s"
        )
    which = "ahead of" if off > 0 else "behind"
    here = clock.rfc3339(int(between * clock.SECOND))
    return Finding(
        *("clock", "broken", f"the server's is {abs(off):.0f} s {which} this one ({here})"),
        "let both machines take their time from a server (timedatectl, chronyc tracking): "
        "dashboards and retention go by its clock, readings by that of the schools",
    )


def unreachable(error: StoreError, store: StoreConfig) -> Finding:
    """Return why there is no answer, as people can act on it."""
    host, cause = urlsplit(store.url).netloc, error.__cause__
    text, do = str(error), "see docs/influxdb.md"
    if isinstance(cause, NameResolutionError):
        text = f"no machine is known here by the name in {store.url}"
        name = urlsplit(store.url).hostname
        do = f"see whether [store] url is right, and what  getent hosts {name}  says"
    elif isinstance(cause, NewConnectionError):  # one of the next kind, too
        text = f"nothing takes connections at {host}: {_last_words(cause)}"
        do = (
            "see whether InfluxDB runs there (systemctl status influxdb), on this address and not "
            "only on its own loopback, and whether [store] url has its port"
        )
    elif isinstance(cause, ConnectTimeoutError):
        text = f"{host} gives no sign of life within {store.timeout_s:g} s"
        do = "see whether that machine is up, and whether a firewall on the way drops the packets"
    elif isinstance(cause, ReadTimeoutError):
        text = f"{host} takes the connection and gives no answer within {store.timeout_s:g} s"
        do = "see what InfluxDB writes into its log, and whether its disk or memory is exhausted"
    elif isinstance(cause, SSLError) or "TLS" in str(error):
        text = f"no trusted TLS connection to {host}: {_last_words(cause)}"
        do = (
            "see whether it speaks https at all, whether its certificate is for this name and not "
            "expired, and whether this machine trusts who issued it (variable SSL_CERT_FILE)"
        )
    elif "no InfluxDB" in text:
        do = "name the InfluxDB itself in [store] url: a proxy or another program answers there"
    return Finding("server", "broken", text, do)


def _last_words(cause: BaseException | None) -> str:
    return str(cause).rpartition(": ")[2]
