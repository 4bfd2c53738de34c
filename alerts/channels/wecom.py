"""WeCom (企业微信): a robot in a group chat. Pure; alerts/channels/robot.py posts it.

Limits and codes: docs/channels.md. Watch it work: schoolwatch notify test --channel NAME
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from alerts.channels.markdown import paged
from alerts.channels.pace import Limit
from alerts.channels.pieces import utf8
from alerts.channels.robot import Body, Code, Verdict, address_of, number_of, word_of
from alerts.channels.said import Said
from alerts.outbox import Parcel
from core.alerts import Language

ADDRESS: Final = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={key}"
MOST: Final[Mapping[str, int]] = {"text": 2_048, "markdown": 4_096}
"""Bytes, not characters; one too many and the whole message is refused."""
_COLOURS: Final = {"begins": "warning", "over": "info", "news": "comment"}
_FONT: Final = len('<font color="warning"></font>')

CODES: Final[Mapping[int, Code]] = {
    -1: Code("WeCom is busy", again=True, wait_s=5),
    40008: Code("the message is of a kind that this robot does not take"),
    40058: Code("the message is not as WeCom wants it, or too long"),
    44004: Code("the message is empty"),
    45002: Code("the message is too long"),
    45009: Code("more than 20 messages in a minute", again=True, wait_s=60),
    45033: Code("too many connections at once", again=True, wait_s=5),
    93000: Code("the key is not valid: copy the address of the robot again"),
    93004: Code("the robot was taken away from the group: add one, and give its key"),
    93008: Code("the robot is not in the group any more: add one, and give its key"),
}


@dataclass(frozen=True, slots=True)
class Wecom:
    """`secret` is the robot's address or its key; `mentioned` are user ids called for P1."""

    secret: str = field(repr=False)
    language: Language = "both"
    format: Literal["markdown", "text"] = "markdown"
    mentioned: tuple[str, ...] = ()
    limits: Sequence[Limit] = (Limit(20, 60),)

    def bodies(self, said: Said) -> list[Body]:
        """Return the message in pieces."""
        markdown = self.format == "markdown"
        limit = MOST[self.format]
        called = self.mentioned if said.urgent else ()
        calls = "".join(f"<@{one}>" for one in called) if markdown else ""
        limit -= _FONT + utf8(calls) + 1 if markdown else 0
        found: list[Body] = []
        for top, lines in paged(said, limit, utf8, marked=markdown):
            # Whom it calls is called once, not for each piece.
            first = not found
            if markdown:
                colour = _COLOURS[said.tone]
                head = [
                    f'<font color="{colour}">{top}</font>',
                    *([calls] if first and calls else []),
                ]
                found.append(_body("markdown", "\n".join([*head, *lines])))
            else:
                more = {"mentioned_list": [*called]} if first and called else {}
                found.append(_body("text", "\n".join([top, *lines]), **more))
        return found

    def request(self, body: Body, at: int) -> tuple[str, Body]:
        """Return address and body."""
        return address_of(self.secret, ADDRESS), body

    def verdict(self, fields: Mapping[str, Any]) -> Verdict | None:
        """Return what WeCom says."""
        code = number_of(fields, "errcode")
        return None if code is None else Verdict(code, word_of(fields, "errmsg"))

    def code(self, verdict: Verdict) -> Code | None:
        """Return what is known of a code."""
        return CODES.get(verdict.code)

    def rests(self, parcel: Parcel, at: int) -> float:
        """Return 0: at any time."""
        return 0


def _body(kind: str, content: str, **more: Any) -> Body:
    return {"msgtype": kind, kind: {"content": content, **more}}
