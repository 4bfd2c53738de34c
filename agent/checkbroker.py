"""Whether an agent would get into its broker, be heard by a collector, and have the right time.

It connects as the agent does, under its name, reads what it may read, and leaves; it publishes
nothing. Where an agent runs already that would throw it out, so only the way there is tried.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from agent.config import AgentConfig
from core import clock, messages, topics
from core.errors import ConfigError, HeaderError, NotConnected
from core.findings import Finding
from core.messages import Claim
from core.mqtt import Broker, Message
from core.mqtt.client import Plan
from core.mqtt.configured import broker_of
from core.mqtt.link import Link
from core.mqtt.reasons import REFUSED, failed

WITHIN_S: Final = 10.0
CLAIM_WITHIN_S: Final = 3.0
"""The claim is retained: it comes with the answer to the subscription."""
CLAIMED_EVERY_MS: Final = 60_000
SILENT_MS: Final = 3 * CLAIMED_EVERY_MS
AHEAD_MS: Final = 2_000

SET_CLOCK: Final = "let it be set from the network, as by: timedatectl set-ntp true"
AWAY: Final = ("nothing listens", "no answer", "no way", "its name")
"""Words of core.mqtt.reasons; where it has others, it says itself what to check."""
WHERE: Final = "check [broker] host and port, and that this network lets the agent out there"


@dataclass(slots=True)
class _Heard:
    """The claim of the region, as soon as it is there."""

    topic: str
    claim: Claim | None = None
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, message: Message) -> None:
        if message.topic == self.topic and message.payload:
            try:
                self.claim = messages.read_claim(message.payload)
            except HeaderError:
                return
            self.came.set()


async def look(config: AgentConfig, *, runs: str) -> list[Finding]:
    """Return what is found; *runs* is the pid of the agent that runs here, or empty."""
    try:
        broker = broker_of(config.broker)
    except ConfigError as error:
        return [Finding("broker", "broken", str(error))]
    return [await _reach(broker, runs)] if runs else await _enter(config, broker)


async def _reach(broker: Broker, runs: str) -> Finding:
    try:
        async with asyncio.timeout(WITHIN_S):
            _, writer = await asyncio.open_connection(broker.host, broker.port)
    except OSError as error:
        return Finding("broker", "broken", f"{broker}: {failed(error)}", WHERE)
    writer.close()
    text = f"{broker} takes connections; the agent that runs here (pid {runs}) holds the session, "
    return Finding("broker", "works", f"{text}so it was not entered: stop the agent to try that")


async def _enter(config: AgentConfig, broker: Broker) -> list[Finding]:
    heard = _Heard(topics.claim_topic(config.identity.region))
    wanted = (topics.topic(config.identity, "receipt"), heard.topic)
    name, why = broker.client_id(str(config.identity)), ""
    for version in broker.versions:
        link = Link(
            Plan(broker, name, True, 0, 20, False, WITHIN_S, version), heard.take, lambda *_: None
        )
        try:
            codes = await _subscribed(link, wanted, heard)
        except NotConnected as error:
            why = why or str(error)
            if link.turned_away:
                continue
            break
        text = f"{broker} lets {name} in by MQTT {version}"
        refused = [topic for topic, code in zip(wanted, codes) if code >= REFUSED]
        if refused:
            do = f"let it read {' and '.join(refused)} in the broker's access list"
            return [Finding("broker", "broken", f"{text}, but refuses it to read", do)]
        return [Finding("broker", "works", text), *of_claim(config, heard.claim, clock.now())]
    return [Finding("broker", "broken", f"{broker}: {why}", WHERE if why.startswith(AWAY) else "")]


async def _subscribed(link: Link, wanted: Sequence[str], heard: _Heard) -> Sequence[int]:
    """Return the reason codes of the subscriptions, after a time for the claim to come."""
    try:
        await link.open()
        codes = await link.subscribe(wanted)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(heard.came.wait(), CLAIM_WITHIN_S)
        return codes
    finally:
        link.leave("checked")
        await link.over
        link.release()


def of_claim(config: AgentConfig, claim: Claim | None, now: int) -> list[Finding]:
    """Return what the *claim* of the region's collector tells of it, and of the clock here."""
    region, chosen = config.identity.region, config.collector.id
    if claim is None:
        text = f"no collector has claimed region {region} at this broker"
        do = "start it, or check [identity] region and the broker's access list; readings wait here"
        return [Finding("collector", "broken", text, do)]
    if chosen and chosen != claim.collector:
        text = f"region {region} is served by {claim.collector!r}, whose receipts do not count here"
        do = f"check [collector] id, which is {chosen!r}; until then the spool fills"
        return [Finding("collector", "broken", text, do)]
    age = now // 1_000_000 - claim.time
    found = []
    if age > SILENT_MS:
        text = f"{claim.collector!r} was last heard {age / 1000:.0f} s ago by the clock here"
        do = "see whether it runs; if it does, the clock of this machine is ahead: set it"
        found.append(Finding("collector", "broken", text, do))
    elif not chosen:
        text = f"{claim.collector!r} serves region {region}; anybody who says so is believed"
        do = f'outside a trial write [collector] id = "{claim.collector}"'
        found.append(Finding("collector", "note", text, do))
    else:
        found.append(Finding("collector", "works", f"{claim.collector!r} serves region {region}"))
    if age < -AHEAD_MS:
        text = f"the clock of this machine is at least {-age / 1000:.0f} s behind the collector's"
        found.append(Finding("clock", "broken", text, SET_CLOCK))
    return found
