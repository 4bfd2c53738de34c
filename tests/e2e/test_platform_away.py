"""R-12 with real parts: a platform that hangs in one phase is told of by that phase, and its end.

The probe, the broker, the collector and who is told are real; only the holds of the rule are short.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.receiver import Receiver, receiving
from tests.e2e.programs import Program, agent_toml, collector_toml, wait_until_served
from tests.real.brokers import RealBroker, free_port
from tests.real.certificates import issued, roots_file
from tests.real.webserver import answers, page, silence, web_server
from tests.waiting import until

RULE = "rule:target_unreachable"
HOLDS = {f"{RULE}.hold_s": 4, f"{RULE}.keep_s": 2}


@dataclass
class Platform:
    """A web server that takes connections, and greets nobody while it is not `well`."""

    context: ssl.SSLContext
    well: bool = True
    greeted: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.well:
            await silence(reader, writer)
            return
        await writer.start_tls(self.context)
        self.greeted += 1
        await answers(page())(reader, writer)


@asynccontextmanager
async def watched(
    folder: Path, broker: RealBroker, platform: Platform, ca: Path
) -> AsyncIterator[tuple[Receiver, str]]:
    """Have a collector and an agent look at *platform*; yields who is told, and its address."""
    async with receiving() as receiver, web_server(platform.serve) as port:
        url, http = f"https://127.0.0.1:{port}/", free_port()
        probes = f"""
[probes.http]
interval_s = 1
urls = ["{url}"]
timeout_s = 2
ca_file = "{ca}"
"""
        webhook = f'[[alerts.webhook]]\nname = "duty"\nurl = "{receiver.url}"\n'
        made = collector_toml(folder, broker, http, webhook)
        of_agent = agent_toml(folder, broker, probes)
        programs = [
            Program(
                ["collector", "run", "--config", str(made)], folder / "collector.log", waits=HOLDS
            ),
            Program(["agent", "run", "--config", str(of_agent)], folder / "agent.log"),
        ]
        try:
            programs[0].start()
            await asyncio.to_thread(wait_until_served, http)
            programs[1].start()
            yield receiver, url
        finally:
            for program in programs:
                if program.alive:
                    program.kill()


def of_platforms(receiver: Receiver) -> list[dict[str, Any]]:
    """Return the messages about platforms; this machine's disk may be full."""
    return [
        post.body
        for post in receiver.posts
        if post.body["alerts"][0]["labels"]["alertname"].startswith("target_")
    ]


@pytest.mark.slow
async def test_a_platform_that_never_ends_its_handshake_is_told_with_that_phase_and_its_recovery(
    tmp_path: Path, mosquitto: RealBroker
) -> None:
    root = issued("school root", ca=True)
    context = issued("127.0.0.1", root).server_context(tmp_path)
    platform = Platform(context)
    async with watched(tmp_path, mosquitto, platform, roots_file(tmp_path, root)) as (told, url):
        await until(lambda: platform.greeted > 1, 60)
        platform.well = False
        await until(lambda: len(of_platforms(told)) == 1, 60)
        greeted = platform.greeted
        platform.well = True
        await until(lambda: len(of_platforms(told)) == 2, 60)
        assert platform.greeted > greeted

    began, ended = of_platforms(told)
    (alert,) = began["alerts"]
    assert alert["labels"]["target"] == url
    assert alert["details"]["verdict"] == "tls_timeout"
    assert began["title"]["zh"].endswith(f"{url}，已经连上，加密握手超时（TLS 阶段）")
    assert began["title"]["en"].endswith(": connected, but the handshake did not end (TLS)")
    assert "核对电脑的日期和时间" in alert["annotations"]["description_zh"]
    assert ended["status"] == "resolved"
    assert "平台又能打开" in ended["title"]["zh"]
    assert ended["alerts"][0]["endsAt"] > alert["startsAt"]
