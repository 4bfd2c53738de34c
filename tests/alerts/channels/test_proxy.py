"""A real proxy on this machine, which lets through, asks for a password, or is not there."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.poster import Poster
from alerts.channels.webhook import Webhook
from collector.channelsconfig import WebhookConfig
from core.errors import ConfigError, RetryLater
from core.proxy import Proxy
from tests.alerts.channels.saying import parcel
from tests.alerts.receiver import receiving
from tests.real.brokers import free_port

LOGIN = "school:päss:word"


@dataclass
class RealProxy:
    """Relays plain requests by their whole address, and tunnels; `asked` is what it was asked."""

    url: str = ""
    login: str = ""
    asked: list[str] = field(default_factory=list)
    seen: bytearray = field(default_factory=bytearray)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.asked.append(f"{method} {target}")
        expected = base64.b64encode(self.login.encode()).decode()
        if self.login and f"Proxy-Authorization: Basic {expected}".encode() not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        place = target.removeprefix("http://").partition("/")[0]
        host, _, port = place.partition(":")
        there, to = await asyncio.open_connection(host, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            to.write(head)
        await asyncio.gather(self._pipe(reader, to), self._pipe(there, writer))

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                self.seen += data
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def proxying(login: str = "") -> AsyncIterator[RealProxy]:
    proxy = RealProxy(login=login)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    proxy.url = f"http://{host}:{port}"
    async with server:
        yield proxy


async def sent(url: str, proxy: Proxy | None) -> None:
    hook = Webhook("duty", url, "d1", proxy=proxy)
    try:
        await hook.send(parcel())
    finally:
        await hook.close()


async def test_a_message_goes_by_the_proxy_and_not_past_it() -> None:
    async with proxying() as proxy, receiving() as receiver:
        await sent(receiver.url, Proxy(proxy.url))
        assert proxy.asked == [f"POST {receiver.url}"]
        assert len(receiver.posts) == 1
        assert "Proxy-Authorization" not in receiver.posts[0].headers
        await sent(receiver.url, None)
        assert (len(proxy.asked), len(receiver.posts)) == (1, 2)


async def test_a_proxy_that_asks_for_a_password_gets_it_and_without_it_nothing_arrives() -> None:
    async with proxying(LOGIN) as proxy, receiving() as receiver:
        with pytest.raises(RetryLater, match="407") as refused:
            await sent(receiver.url, Proxy(proxy.url))
        assert not receiver.posts
        assert LOGIN not in str(refused.value)
        await sent(receiver.url, Proxy(proxy.url, LOGIN))
        assert len(receiver.posts) == 1


async def test_https_goes_through_a_tunnel_that_shows_the_proxy_nothing() -> None:
    async with proxying(LOGIN) as proxy, receiving() as receiver:
        plain = receiver.url.removeprefix("http://")
        poster = Poster(5, Proxy(proxy.url, LOGIN))
        # The receiver speaks no TLS: that the tunnel is asked for, and TLS begun, is the point.
        with pytest.raises(RetryLater):
            await poster.post(f"https://{plain}?key=secret", b"{}")
        await poster.close()
        assert proxy.asked == [f"CONNECT {plain.partition('/')[0]}"]
        assert proxy.seen[:2] == b"\x16\x03", "a TLS handshake"
        assert b"secret" not in proxy.seen


@pytest.mark.parametrize("code", [407, 502])
async def test_a_tunnel_that_is_refused_is_tried_again(code: int) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % code)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        poster = Poster(5, Proxy(f"http://127.0.0.1:{port}"))
        with pytest.raises(RetryLater, match=f"the proxy answered {code}") as refused:
            await poster.post("https://robot.example.org/send", b"{}")
        assert not refused.value.perhaps
        await poster.close()


async def test_a_proxy_that_is_not_there_is_named_and_once_it_is_there_the_message_goes() -> None:
    async with receiving() as receiver:
        with pytest.raises(RetryLater, match="cannot connect to the proxy") as refused:
            await sent(receiver.url, Proxy(f"http://127.0.0.1:{free_port()}"))
        assert not refused.value.perhaps
        async with proxying() as proxy:
            await sent(receiver.url, Proxy(proxy.url))
        assert len(receiver.posts) == 1


async def test_a_link_that_acts_goes_by_no_proxy_that_could_read_it() -> None:
    said = parcel(links={1: "https://monitor.example.org/ack/x"})
    async with proxying() as proxy, receiving() as receiver:
        for way, there in ((None, True), (Proxy(proxy.url), False)):
            hook = Webhook("duty", receiver.url, "d1", proxy=way)
            await hook.send(said)
            await hook.close()
            assert ("/ack/x" in str(receiver.posts[-1].body)) == there


def test_a_login_without_a_proxy_or_without_a_password_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text("name:secret\n", "utf-8")
    file.chmod(0o600)
    known: dict[str, Any] = {"name": "duty", "url": "https://example.org/"}
    proxy = "http://proxy.example.org:3128"
    made = WebhookConfig(**known, proxy=proxy, proxy_auth_file=file).way()
    assert made == Proxy(proxy, "name:secret")
    assert "secret" not in repr(made)
    with pytest.raises(ConfigError, match="without proxy"):
        WebhookConfig(**known, proxy_auth_file=file).way()
    file.write_text("secret", "utf-8")
    with pytest.raises(ConfigError, match="NAME:PASSWORD"):
        WebhookConfig(**known, proxy=proxy, proxy_auth_file=file).way()
