"""`/api/v1/channels`: whether messages get through, in words that a program can rely on."""

from alerts.channels.health import Health
from core.clock import SECOND, rfc3339
from tests.collector.web.conftest import Client
from tests.collector.web.fakes import NOW, FakeSource


async def test_each_channel_says_whether_it_takes_messages_and_why_not(
    client: Client, source: FakeSource
) -> None:
    failing = Health().took(NOW - 60 * SECOND).failed(NOW - SECOND, "no answer within 5 s")
    source.healths = {
        "wecom": Health().failed(NOW - SECOND, "the key is not valid", refused=True),
        "duty": failing,
        "console": Health().took(NOW),
        "mail": Health(),
    }
    body = await (await client.get("/api/v1/channels")).json()
    found = {one["name"]: one for one in body["channels"]}
    assert [(name, one["state"]) for name, one in found.items()] == [
        ("console", "fine"),
        ("duty", "failing"),
        ("mail", "untried"),
        ("wecom", "refused"),
    ]
    duty = found["duty"]
    assert (duty["error"], duty["failing_since"]) == (
        "no answer within 5 s",
        rfc3339(NOW - SECOND),
    )
    assert duty["taken_ns"] == NOW - 60 * SECOND

    source.healths = {"duty": failing.took(NOW)}
    body = await (await client.get("/api/v1/channels")).json()
    assert [(one["state"], one["error"]) for one in body["channels"]] == [("fine", "")]
