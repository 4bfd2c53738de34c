"""WeCom, DingTalk and Feishu on this machine: their limits, their bans, and their errors in a 200.

What each answers is recorded in tests/cases/channels/; when it answers so is enforced here as their
documents say: bytes, messages in a window, a ban, the signature, the keyword. `now` is the time
that the limits are counted in, so that a test can move it.
"""

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from core import clock
from core.clock import SECOND

CASES = Path(__file__).parents[1] / "cases/channels"
Kind = Literal["wecom", "dingtalk", "feishu"]
LIMITS: dict[str, list[tuple[int, int]]] = {
    "wecom": [(20, 60)],
    "dingtalk": [(20, 60)],
    "feishu": [(100, 60), (5, 1)],
}


def cases(kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CASES / f"{kind}.json").read_text())["answers"]
    return found


def answer(kind: str, name: str) -> dict[str, Any]:
    (found,) = (case["body"] for case in cases(kind) if case["name"] == name)
    return found  # type: ignore[no-any-return]


@dataclass
class Vendor:
    """One robot; `took` are the messages that the group has seen."""

    kind: Kind
    key: str = "c0ffee-key"
    signing: str = ""
    keyword: str = ""
    now: Callable[[], int] = clock.now
    url: str = ""
    took: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    refusals: list[str] = field(default_factory=list)
    next: list[web.Response] = field(default_factory=list)
    """Given instead, in turn."""
    times: list[int] = field(default_factory=list)
    banned_until: int = 0

    @property
    def address(self) -> str:
        """The robot's address as the program shows it."""
        rest = {
            "wecom": f"cgi-bin/webhook/send?key={self.key}",
            "dingtalk": f"robot/send?access_token={self.key}",
            "feishu": f"open-apis/bot/v2/hook/{self.key}",
        }
        return f"{self.url}/{rest[self.kind]}"

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        raw = await request.read()
        if self.next:
            return self.next.pop(0)
        body = json.loads(raw)
        name = self._judge(str(request.rel_url), body, raw)
        if name != "taken":
            self.refusals.append(name)
        else:
            self.took.append(body)
        return web.json_response(answer(self.kind, name))

    def _judge(self, url: str, body: dict[str, Any], raw: bytes) -> str:
        if self.key not in url:
            return {"wecom": "the key is not valid", "dingtalk": "no such token"}[self.kind]
        if not self._is_signed(url, body):
            return "signature"
        if self.keyword and self.keyword not in raw.decode():
            return "keyword"
        if self._is_too_many():
            return "banned" if self.kind == "dingtalk" else "too many"
        return self._size(body, raw)

    def _is_too_many(self) -> bool:
        now = self.now()
        if now < self.banned_until:
            return True
        self.times = [at for at in self.times if at > now - 61 * SECOND]
        for count, seconds in LIMITS[self.kind]:
            if sum(at > now - seconds * SECOND for at in self.times) >= count:
                self.banned_until = now + 600 * SECOND if self.kind == "dingtalk" else 0
                return True
        self.times.append(now)
        return False

    def _size(self, body: dict[str, Any], raw: bytes) -> str:
        if self.kind == "wecom":
            kind = body["msgtype"]
            most = {"text": 2048, "markdown": 4096}[kind]
            return "too long" if len(body[kind]["content"].encode()) > most else "taken"
        if self.kind == "feishu" and len(raw) > 20_000:
            return "not as it should be"
        assert len(raw) <= 20_000
        return "taken"

    def _is_signed(self, url: str, body: dict[str, Any]) -> bool:
        if not self.signing:
            return True
        if self.kind == "feishu":
            stamp, sign = body.get("timestamp", ""), body.get("sign", "")
            key, text, unit = f"{stamp}\n{self.signing}", "", SECOND
        else:
            query = parse_qs(urlsplit(url).query)
            stamp, sign = query.get("timestamp", [""])[0], query.get("sign", [""])[0]
            key, text, unit = self.signing, f"{stamp}\n{self.signing}", SECOND // 1000
        if not stamp or abs(int(stamp) * unit - self.now()) > 3600 * SECOND:
            return False
        digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
        return bool(sign == base64.b64encode(digest).decode())

    def texts(self) -> list[str]:
        """What people read of each message, in one text."""
        return [text_of(body) for body in self.took]


def text_of(body: dict[str, Any]) -> str:
    if "card" in body:
        card = body["card"]
        parts = [card["header"]["title"]["content"]]
        for one in card["elements"]:
            parts += [one["text"]["content"]] if "text" in one else []
            parts += [e["content"] for e in one.get("elements", ())]
            parts += [f"{a['text']['content']} {a['url']}" for a in one.get("actions", ())]
        return "\n".join(parts)
    part = body[body["msgtype"]]
    return str(part.get("content") or part["text"])


@asynccontextmanager
async def serving(vendor: Vendor, context: ssl.SSLContext | None = None) -> AsyncIterator[Vendor]:
    """Serve *vendor* for the length of the block."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", vendor.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    scheme = "https" if context else "http"
    vendor.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield vendor
    finally:
        await runner.cleanup()
