"""Devices that tell how they are on a small page: JSON, or any text. See docs/templates.md.

The page is read to 64 kB and within `timeout_s`; a redirect is followed on the same host only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from agent.clients.http import Answer, Url
from agent.devices.account import account_of
from agent.devices.base import COLLABORATOR, Sighting, drivers
from agent.devices.meanings import Meaning, mistakes, sighting
from agent.devices.pointer import MISSING, found
from agent.devices.pointer import mistake as pointer_mistake
from agent.devices.texts import decoded
from agent.devices.web import DeviceWeb, failed, is_media
from core.errors import ConfigError
from core.fields import Filled, Roots, SecretFile, url_mistake

GARBAGE: Final = Sighting("unknown", "garbage")
LONGEST_VALUE: Final = 200
"""Characters of a value that is looked at."""

Named = Annotated[
    dict[str, str], Meta(description='a table as { power = "/power/state" }, a text for each name')
]
_ROW: Final = 'a table as { of = "power", field = "state", map = { on = "ready" } }'
Meanings = tuple[Annotated[Meaning, Meta(description=_ROW)], ...]


@drivers.add("http")
@dataclass(frozen=True, slots=True)
class HttpDriver:
    """Reads `url`; `captures` are JSON pointers, `texts` regular expressions with one group."""

    url: Filled
    status: Annotated[int, Meta(ge=200, le=599)] = 200
    captures: Named = field(default_factory=dict)
    texts: Named = field(default_factory=dict)
    meanings: Meanings = ()
    user: str = ""
    password_file: SecretFile = None
    verify: bool = True
    ca_file: Roots = None
    timeout_s: Annotated[float, Meta(ge=0.1, le=30)] = 5.0
    web: DeviceWeb | None = field(default=None, metadata=COLLABORATOR)
    _asked: DeviceWeb = field(init=False, repr=False, compare=False)
    _texts: Mapping[str, re.Pattern[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raise ConfigError for an address, a pointer, an expression or a meaning that is wrong."""
        secrets = "user and password_file"
        example = "http://192.0.2.41/api/status"
        said = url_mistake(self.url, example=example, secrets=secrets, query=True)
        if said:
            raise ConfigError(f"url {said}")
        if is_media(self.url):
            raise ConfigError("url is one of pictures or sound, which are never asked for")
        for name, pointer in self.captures.items():
            if wrong := pointer_mistake(pointer):
                raise ConfigError(f"captures: {name}: {wrong}")
        for _, text in mistakes(self.meanings, (*self.captures, *self.texts)):
            raise ConfigError(f"meanings: {text}")
        asked = self.web or DeviceWeb(self.timeout_s, self.verify, self.ca_file)
        object.__setattr__(self, "_asked", asked)
        object.__setattr__(self, "_texts", {n: _compiled(n, t) for n, t in self.texts.items()})

    async def look(self) -> Sighting:
        """Return how the device is; raises TargetUnreachable, OSError; ConfigError for its file."""
        url = Url(self.url)
        answer = await self._asked.page(url, account_of(self.user, self.password_file))
        seen = failed(url, answer) or self._read(answer)
        times = {"answer_ms": round(answer.headers_ms, 3)} if answer.headers_ms else {}
        return Sighting(seen.state, seen.cause, dict(seen.fields) | times)

    def _read(self, answer: Answer) -> Sighting:
        if answer.status != self.status:
            return GARBAGE
        page = decoded(bytes(answer.body))
        captured = {
            name: match[1] or ""
            for name, regex in self._texts.items()
            if (match := regex.search(page))
        }
        if not self.captures:
            return sighting(self.meanings, captured)
        try:
            document = msgspec.json.decode(page)
        except (msgspec.DecodeError, RecursionError, ValueError):
            return GARBAGE
        return sighting(self.meanings, captured | _values(document, self.captures))


def _values(document: Any, pointers: Mapping[str, str]) -> dict[str, Any]:
    values = {name: found(document, pointer) for name, pointer in pointers.items()}
    return {
        name: value[:LONGEST_VALUE] if isinstance(value, str) else value
        for name, value in values.items()
        if value is not MISSING and not isinstance(value, dict | list)
    }


def _compiled(name: str, text: str) -> re.Pattern[str]:
    try:
        regex = re.compile(text)
    except re.error as error:
        raise ConfigError(f"texts: {name}: no regular expression: {error}") from None
    if regex.groups != 1:
        raise ConfigError(f"texts: {name}: expected one group, as in 'Power: (on|off)'")
    return regex
