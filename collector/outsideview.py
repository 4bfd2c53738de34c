"""The outside probes as the collector runs them: over its roster, kept in its database."""

import asyncio
from collections.abc import Mapping, Sequence

from collector.ledger import Ledger
from collector.live import Live
from collector.outside import SchoolKey, Seen
from collector.outsiderows import OutsideRows
from collector.prober import Prober, Ways
from collector.roster.school import Address
from core import clock


def open_prober(live: Live, ledger: Ledger, control: Sequence[Address], now: clock.Clock) -> Prober:
    """Return the prober of *live*'s schools, which from now on judges by what it proves."""
    rows = OutsideRows(ledger)

    async def keep(changed: Mapping[SchoolKey, Seen]) -> None:
        await asyncio.to_thread(rows.keep, changed)

    prober = Prober(
        lambda: live.subjects(now()), Ways().ask, keep, rows.load(), control=control, now=now
    )
    live.proof, live.lost = prober.proof, prober.soon
    return prober
