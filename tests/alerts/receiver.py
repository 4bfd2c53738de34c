"""A receiver of webhooks: a real server on this machine, which answers as a test says."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Post:
    """One request: its JSON, its headers, and when it came (`time.perf_counter`)."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    at: float


@dataclass
class Receiver:
    """`answers` are given in turn, then 200; a status of 0 is no answer at all."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    answers: list[int | tuple[int, dict[str, str]]] = field(default_factory=list)
    always: int = 200
    hangs: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        at = time.perf_counter()
        self.posts.append(Post(await request.json(), dict(request.headers), at))
        answer = self.answers.pop(0) if self.answers else self.always
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        if not status:
            await self.hangs.wait()
            status = 200
        return web.Response(status=status, headers=headers)

    def said(self) -> list[tuple[str, bool]]:
        """The reason of each message, and whether it was marked as a repeat."""
        return [(post.body["reason"], post.body["repeat"]) for post in self.posts]


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """Serve a receiver for the length of the block."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/alerts"
    try:
        yield receiver
    finally:
        receiver.hangs.set()
        await runner.cleanup()
