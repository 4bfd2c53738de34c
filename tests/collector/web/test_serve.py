"""Starting to serve, and the sentences when that is not possible."""

import socket
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp import web

from collector.web.app import serve
from core.errors import StartError
from tests.collector.web.fakes import FakeSource, MoodyStore

ZONE = ZoneInfo("Asia/Shanghai")


async def start(tmp_path: Path, host: str, port: int) -> web.AppRunner:
    source = FakeSource(MoodyStore(tmp_path / "store.db"))
    return await serve(source, host, port, language="zh", zone=ZONE, option="--http-port")


async def test_it_listens_only_where_it_was_told(tmp_path: Path) -> None:
    runner = await start(tmp_path, "127.0.0.1", 0)
    host, port = runner.addresses[0]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://{host}:{port}/healthz") as answer:
            assert await answer.text() == "ok\n"
        assert len(runner.addresses) == 1
    await runner.cleanup()


async def test_a_taken_port_is_a_sentence_that_names_port_and_option(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=rf"Port {port} on 127\.0\.0\.1 .* --http-port"):
            await start(tmp_path, "127.0.0.1", port)
    await (await start(tmp_path, "127.0.0.1", port)).cleanup()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("192.0.2.7", 8480)])
async def test_a_place_that_does_not_exist_is_a_sentence(
    tmp_path: Path, host: str, port: int
) -> None:
    with pytest.raises(StartError, match=str(port)):
        await start(tmp_path, host, port)
