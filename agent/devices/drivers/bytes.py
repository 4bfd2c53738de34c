"""Devices that a template describes: document cameras, amplifiers, panels, controllers.

Over TCP: the device's own port, or that of a serial server with its RS-232 line. Only questions are
sent; a template that switched something would be a wrong one. See docs/templates.md.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from agent.clients.families import resolver
from agent.clients.stream import Fault, Open, Resolve, Stopwatch, connected
from agent.devices.account import password_of
from agent.devices.base import COLLABORATOR, Sighting, drivers
from agent.devices.byteconversation import Conversation, NoAnswer, Told
from agent.devices.bytetemplate import Parameters, Template, template_of
from agent.devices.faults import sighting_of, unreachable
from agent.devices.meanings import sighting
from agent.devices.templates import find_template
from core import clock
from core.errors import ConfigError, TargetUnreachable
from core.fields import Filled, Host, SecretFile


@drivers.add("bytes")
@dataclass(frozen=True, slots=True)
class BytesDriver:
    """Asks by `template`: the word of one that comes with the agent, or one of `templates`."""

    host: Host
    template: Filled
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    templates: Path | None = None
    parameters: Parameters = field(default_factory=dict)
    password_file: SecretFile = None
    timeout_s: Annotated[float, Meta(ge=0, le=30)] = 0.0
    silence: Literal["", "unreachable", "standby"] = ""
    resolve: Resolve = field(default_factory=lambda: resolver("any"), metadata=COLLABORATOR)
    open: Open = field(default=connected, metadata=COLLABORATOR)
    monotonic: clock.Monotonic = field(default=clock.monotonic, metadata=COLLABORATOR)
    made: Template = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raise ConfigError for a template that is not there, or wrong, or without a port."""
        file = find_template(self.template, self.templates)
        if not self.port and not file.port:
            raise ConfigError(f"port is missing: {file.name} has none of its own")
        object.__setattr__(self, "made", template_of(file, self.parameters))

    @property
    def LOOK_S(self) -> float:  # noqa: N802 — the keeper's name for it, of a class or of one device
        """Return the seconds that a look may take: each question has its own time."""
        file, questions = self.made.file, len(self.made.questions)
        timeout_s = self.timeout_s or file.timeout_s
        login_s = file.login.wait_s + timeout_s if file.login.prompt else 0.0
        return 1 + login_s + timeout_s + questions * (timeout_s + file.gap_s)

    async def look(self) -> Sighting:
        """Return how the device is; raises TargetUnreachable, OSError; ConfigError for its file."""
        told = Told()
        try:
            await self._talk(told)
        except Fault as fault:
            found = sighting_of(fault.verdict)
            if found is None:
                why = str(fault)
                raise unreachable(self.host, fault.verdict, why, fault.number) from None
            return found
        except NoAnswer as error:
            return self._without(error, told)
        return self._seen(told)

    async def _talk(self, told: Told) -> None:
        file = self.made.file
        timeout_s = self.timeout_s or file.timeout_s
        password = password_of(self.password_file) if file.login.prompt else ""
        async with AsyncExitStack() as held:
            opening = self.open(
                self.host,
                self.port or file.port,
                resolve=self.resolve,
                timeout_s=timeout_s,
                context=None,
                watch=Stopwatch(self.monotonic),
            )
            try:
                async with asyncio.timeout(timeout_s):
                    stream = await held.enter_async_context(opening)
            except TimeoutError:
                raise Fault("connect_timeout") from None
            await Conversation(stream, self.made, timeout_s, self.monotonic).hold(told, password)

    def _seen(self, told: Told) -> Sighting:
        found = sighting(self.made.file.meanings, told.captured)
        fields = dict(found.fields) | {"profile": self.made.file.name}
        if told.answers:
            fields["answer_ms"] = round(told.answer_ms, 3)
        return Sighting(found.state, found.cause, fields)

    def _without(self, error: NoAnswer, told: Told) -> Sighting:
        if error.how == "silent" and not told.answers:
            if (self.silence or self.made.file.silence) == "standby":
                return Sighting("standby", "", {"profile": self.made.file.name}, by_silence=True)
            raise TargetUnreachable(f"{self.host}: {error}") from None
        return Sighting("unknown", error.cause, self._seen(told).fields)
