"""Feishu (飞书): a robot in a group chat. Pure; alerts/channels/robot.py posts it.

A card of plain text: what agents have written is no Markdown there, and calls nobody.
Limits and codes: docs/channels.md. Watch it work: schoolwatch notify test --channel NAME
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from alerts.channels.markdown import paged
from alerts.channels.pace import Limit
from alerts.channels.robot import Body, Code, Verdict, address_of, number_of, word_of
from alerts.channels.said import Item, Said
from alerts.outbox import Parcel
from core.alerts import Language
from core.clock import SECOND

ADDRESS: Final = "https://open.feishu.cn/open-apis/bot/v2/hook/{key}"
MOST: Final = 20_000
"""Bytes of the whole body."""
FRAME: Final = 1_500
"""Bytes of a card without its words and buttons."""
BUTTONS: Final = 6_000
"""Bytes for buttons, at most; what has no room among them has no button."""
HALF_HOUR_S: Final = 1_800
RUSH_S: Final = 60
"""At :00 and :30 everybody's reports go out, and Feishu refuses some (11232)."""
PATIENT: Final = frozenset({"DIGEST"})

_COLOURS: Final = {"begins": "red", "over": "green", "news": "blue"}

CODES: Final[Mapping[int, Code]] = {
    9499: Code("the message is not as Feishu wants it, or over 20 KB"),
    11232: Code("more than 100 messages in a minute or 5 in a second", again=True, wait_s=60),
    11246: Code("the card is not as Feishu wants it"),
    19001: Code("the key is not valid: copy the robot's address again"),
    19002: Code("the message is not as Feishu wants it"),
    19007: Code("the robot is switched off: switch it on in the group's settings"),
    19021: Code(
        "the signature is not right: copy the robot's secret into secret_file again, and see that "
        "this machine's clock is right"
    ),
    19022: Code("this machine's address is not among those that the robot takes messages from"),
    19024: Code('the robot asks for a keyword: add "schoolwatch" to its keywords, or let it sign'),
    2200: Code("Feishu had an error of its own", again=True, wait_s=5),
    99991400: Code("too many messages", again=True, wait_s=60),
}
_BUSY: Final = Code("too many messages", again=True, wait_s=60)


@dataclass(frozen=True, slots=True)
class Feishu:
    """`secret` is the robot's address or its key; `signing` the secret of its signature."""

    secret: str = field(repr=False)
    signing: str = field(default="", repr=False)
    language: Language = "both"
    limits: Sequence[Limit] = (Limit(100, 60), Limit(5, 1))

    def bodies(self, said: Said) -> list[Body]:
        """Return the message as cards; buttons stand below the first."""
        buttons = _buttons(said)
        bare = replace(said, items=tuple(replace(item, link="") for item in said.items))
        found: list[Body] = []
        for top, lines in paged(bare, MOST - FRAME - BUTTONS, _size, marked=False):
            found.append(_card(said, top, lines, [] if found else buttons))
        return found

    def request(self, body: Body, at: int) -> tuple[str, Body]:
        """Return the address, and the body with its signature."""
        if self.signing:
            stamp = at // SECOND
            body = {"timestamp": f"{stamp}", "sign": signature(stamp, self.signing), **body}
        return address_of(self.secret, ADDRESS), body

    def verdict(self, fields: Mapping[str, Any]) -> Verdict | None:
        """Return what Feishu says; older answers have StatusCode alone."""
        code = number_of(fields, "code", "StatusCode")
        return None if code is None else Verdict(code, word_of(fields, "msg", "StatusMessage"))

    def code(self, verdict: Verdict) -> Code | None:
        """Return what is known of a verdict; 9499 is said of too many messages too."""
        words = verdict.words.lower()
        if verdict.code == 9499 and ("too many" in words or "frequen" in words):
            return _BUSY
        return CODES.get(verdict.code)

    def rests(self, parcel: Parcel, at: int) -> float:
        """Return how long a message that can wait should keep out of the rush."""
        if parcel.notification.reason not in PATIENT:
            return 0
        into = at / SECOND % HALF_HOUR_S
        return RUSH_S - into if into < RUSH_S else 0


def signature(stamp: int, secret: str) -> str:
    """Return the signature for a time in s: time and secret are the key, and nothing is signed."""
    key = f"{stamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def _card(said: Said, top: str, lines: Sequence[str], buttons: Sequence[Body]) -> Body:
    elements: list[Body] = [_plain("\n".join(lines[:-1]))]
    if buttons:
        elements.append({"tag": "action", "actions": [*buttons]})
    elements.append({"tag": "note", "elements": [{"tag": "plain_text", "content": lines[-1]}]})
    header = {"title": {"tag": "plain_text", "content": top}, "template": _COLOURS[said.tone]}
    card = {"config": {"wide_screen_mode": True}, "header": header, "elements": elements}
    return {"msg_type": "interactive", "card": card}


def _plain(text: str) -> Body:
    return {"tag": "div", "text": {"tag": "plain_text", "content": text}}


def _buttons(said: Said) -> list[Body]:
    linked = [item for item in said.items if item.link]
    found: list[Body] = []
    room = BUTTONS
    for number, item in enumerate(linked, 1):
        button = _button(said, item, f" {number}" if len(linked) > 1 else "")
        room -= len(msgspec.json.encode(button)) + 1
        if room < 0:
            break
        found.append(button)
    return found


def _button(said: Said, item: Item, which: str) -> Body:
    text = {"tag": "plain_text", "content": said.confirm + which}
    return {"tag": "button", "text": text, "url": item.link, "type": "primary"}


def _size(text: str) -> int:
    """Return the bytes of *text* in JSON, where a line break has two."""
    return len(msgspec.json.encode(text))
