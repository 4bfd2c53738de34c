"""Network cameras and recorders by ONVIF: status only. See docs/templates.md.

Whether it answers, and with an account its model and firmware. Media are never asked for, and no
address that the device names is followed.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final

from msgspec import Meta

from agent.clients.http import Answer, Request, Url
from agent.clients.httpauth import Account
from agent.devices.account import account_of
from agent.devices.base import COLLABORATOR, Sighting, drivers
from agent.devices.onvif import GET_INFORMATION, GET_TIME, NotSoap, Told, told
from agent.devices.soap import envelope, token
from agent.devices.web import DeviceWeb, failed, is_media
from core import clock
from core.errors import ConfigError
from core.fields import Host, Port, Roots, SecretFile

GARBAGE: Final = Sighting("unknown", "garbage")
CREDENTIALS: Final = Sighting("unknown", "credentials")
TYPE: Final = ("Content-Type", "application/soap+xml; charset=utf-8")


@drivers.add("onvif")
@dataclass(frozen=True, slots=True)
class OnvifDriver:
    """Asks the device service at `path`; without `user` only whether it answers."""

    host: Host
    port: Port = 80
    tls: bool = False
    path: Annotated[str, Meta(pattern=r"\A/[^\s?#]*\Z", description="a path as /onvif/…")] = (
        "/onvif/device_service"
    )
    user: str = ""
    password_file: SecretFile = None
    verify: bool = True
    ca_file: Roots = None
    timeout_s: Annotated[float, Meta(ge=0.1, le=30)] = 5.0
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    web: DeviceWeb = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make what asks; raises ConfigError for a path of another service."""
        if is_media(self.path):
            raise ConfigError("path is one of pictures or sound, which are never asked for")
        object.__setattr__(self, "web", DeviceWeb(self.timeout_s, self.verify, self.ca_file))

    @property
    def LOOK_S(self) -> float:  # noqa: N802 — the keeper's name for it, of a class or of one device
        """Return the seconds that a look may take: two questions, each asked again with a name."""
        return 1 + 4 * self.timeout_s

    @property
    def url(self) -> Url:
        """Return the only address that is asked."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return Url(f"http{'s' * self.tls}://{host}:{self.port}{self.path}")

    async def look(self) -> Sighting:
        """Return how the device is; raises TargetUnreachable, OSError; ConfigError for its file."""
        account = account_of(self.user, self.password_file)
        answer = await self._ask(GET_TIME, account)
        seen = await self._seen(answer, account)
        if self.user and account is None and seen.state == "ready":
            seen = CREDENTIALS
        times = {"answer_ms": round(answer.headers_ms, 3)} if answer.headers_ms else {}
        return Sighting(seen.state, seen.cause, dict(seen.fields) | times)

    async def _seen(self, first: Answer, account: Account | None) -> Sighting:
        """Return the device after its answer to the question for the time."""
        wrong, said = self._read(first)
        if wrong and (wrong != CREDENTIALS or account is None):
            return wrong
        if not wrong and not (said and said.answered_time):
            return GARBAGE
        if account is None:
            return Sighting("ready")
        created = (said.time if said else "") or clock.rfc3339(self.now())
        answer = await self._ask(GET_INFORMATION, account, token(account, created))
        wrong, said = self._read(answer)
        fields = said.information if said else None
        if wrong or fields is None:
            return wrong or GARBAGE
        return Sighting("ready", "", dict(fields))

    async def _ask(self, body: str, account: Account | None, header: str = "") -> Answer:
        request = Request("POST", (TYPE,), envelope(body, header))
        return await self.web.ask(self.url, request, account)

    def _read(self, answer: Answer) -> tuple[Sighting | None, Told | None]:
        """Return what is wrong with *answer*, and what it says."""
        wrong = failed(self.url, answer)
        if wrong:
            return wrong, None
        try:
            said = told(bytes(answer.body))
        except NotSoap:
            return GARBAGE, None
        if said.denied:
            return CREDENTIALS, said
        return (GARBAGE if said.fault else None), said
