"""What is firing is told to an Alertmanager again, whatever went wrong the last time."""

import asyncio
import sqlite3
from collections.abc import Sequence

import pytest

from alerts.channels.alertmanager import Alertmanager
from collector.resending import resend
from core.alerts import Telling
from tests.alerts.channels.saying import telling
from tests.alerts.receiver import receiving
from tests.waiting import until


async def test_a_defect_of_our_own_is_logged_and_counted_and_the_next_time_it_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    defects: list[Exception] = [sqlite3.OperationalError("locked"), KeyError("a rule")]
    failed = list[str]()

    def firing() -> Sequence[Telling]:
        if defects:
            raise defects.pop(0)
        return [telling(1)]

    async with receiving() as receiver:
        channel, stopping = Alertmanager("am", receiver.url, resend_s=0.05), asyncio.Event()
        task = asyncio.create_task(resend(channel, firing, stopping, failed.append))
        await until(lambda: len(receiver.posts) > 1, 20)
        stopping.set()
        await task
        await channel.close()
    assert failed == ["am", "am"]
    assert caplog.text.count("channel am: what fires could not be sent again") == 1
    assert "OperationalError: locked" in caplog.text
