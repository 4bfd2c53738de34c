"""DingTalk (钉钉): a robot in a group chat. Pure; alerts/channels/robot.py posts it.

Limits and codes: docs/channels.md. Watch it work: schoolwatch notify test --channel NAME
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus

from alerts.channels.markdown import paged
from alerts.channels.pace import Limit
from alerts.channels.pieces import utf8
from alerts.channels.robot import Body, Code, Verdict, address_of, number_of, word_of
from alerts.channels.said import Said
from alerts.outbox import Parcel
from core.alerts import Language

ADDRESS: Final = "https://oapi.dingtalk.com/robot/send?access_token={key}"
MOST: Final = 18_000
"""Bytes; DingTalk refuses more than 20,000 of the whole."""
BAN_S: Final = 600.0
"""After too many messages it takes none for ten minutes."""
BREAK: Final = "  \n"
"""Two blanks: without them the next line would go on in this one."""
MILLISECOND: Final = 1_000_000

CODES: Final[Mapping[int, Code]] = {
    -1: Code("DingTalk is busy", again=True, wait_s=5),
    40035: Code("the address has no access_token: copy it again"),
    43004: Code("the message is not as DingTalk wants it"),
    130101: Code("more than 20 messages in a minute: none for ten", again=True, wait_s=BAN_S),
    300001: Code("the access_token is not valid: copy the robot's address again"),
    300005: Code("the access_token is not valid: copy the robot's address again"),
    310000: Code("the robot's security settings refuse it"),
    400013: Code("the group was dissolved: add a robot to another"),
    400101: Code("the access_token is not valid: copy the robot's address again"),
    400102: Code("the robot is switched off: switch it on in the group's settings"),
    400105: Code("the message is of a kind that this robot does not take"),
    400106: Code("there is no such robot any more: add one, and give its address"),
    410100: Code("more than 20 messages in a minute: none for ten", again=True, wait_s=BAN_S),
    460101: Code("the message is too long"),
}
_SECURITY: Final[Sequence[tuple[tuple[str, ...], Code]]] = (
    (
        ("timestamp", "时间戳无效"),
        Code("this machine's clock is off by more than an hour: set it", again=True, wait_s=60),
    ),
    (
        ("keyword", "关键词"),
        Code('the robot asks for a keyword: add "schoolwatch" to its keywords, or let it sign'),
    ),
    (
        ("whitelist", "白名单"),
        Code("this machine's address is not among those that the robot takes messages from"),
    ),
    (
        ("sign", "签名"),
        Code("the signature is not right: copy the robot's secret (SEC…) into secret_file again"),
    ),
)
"""310000 has one meaning for each setting, and only the words tell which."""


@dataclass(frozen=True, slots=True)
class Dingtalk:
    """`secret` is the robot's address or its token; `signing` the secret of its signature."""

    secret: str = field(repr=False)
    signing: str = field(default="", repr=False)
    language: Language = "both"
    limits: Sequence[Limit] = (Limit(20, 60),)

    def bodies(self, said: Said) -> list[Body]:
        """Return the message in pieces."""
        return [
            {
                "msgtype": "markdown",
                "markdown": {"title": top, "text": BREAK.join([f"**{top}**", *lines])},
            }
            for top, lines in paged(said, MOST, _size, marked=True)
        ]

    def request(self, body: Body, at: int) -> tuple[str, Body]:
        """Return the signed address, and the body."""
        url = address_of(self.secret, ADDRESS)
        if self.signing:
            stamp = at // MILLISECOND
            url += f"&timestamp={stamp}&sign={quote_plus(signature(stamp, self.signing))}"
        return url, body

    def verdict(self, fields: Mapping[str, Any]) -> Verdict | None:
        """Return what DingTalk says."""
        code = number_of(fields, "errcode")
        return None if code is None else Verdict(code, word_of(fields, "errmsg"))

    def code(self, verdict: Verdict) -> Code | None:
        """Return what is known of a verdict."""
        if verdict.code == 310000:
            words = verdict.words.lower()
            for parts, code in _SECURITY:
                if any(part in words for part in parts):
                    return code
        return CODES.get(verdict.code)

    def rests(self, parcel: Parcel, at: int) -> float:
        """Return 0: at any time."""
        return 0


def signature(stamp: int, secret: str) -> str:
    """Return the signature for a time in ms: the secret is the key, time and secret the text."""
    text = f"{stamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def _size(text: str) -> int:
    return utf8(text) + len(BREAK) - 1
