"""apprise: what it takes for success, what it says of failures, and what it must not log."""

import asyncio
import logging
import threading

import apprise
import pytest
from aiohttp import web

from alerts.channels.longtail import LongTail, apprise_of
from core.errors import ConfigError, RetryLater
from tests.alerts.channels.saying import parcel
from tests.alerts.receiver import receiving
from tests.alerts.vendors import Vendor, answer, serving


def tail(url: str) -> LongTail:
    return LongTail("other", apprise_of(url), "d1")


async def test_what_apprise_sends_arrives_and_a_failure_is_one() -> None:
    async with receiving() as receiver:
        channel = tail(receiver.url.replace("http://", "json://"))
        await channel.send(parcel(repeat=True))
        receiver.answers = [403]
        with pytest.raises(RetryLater, match="answered 403"):
            await channel.send(parcel(number=2))
        await channel.send(parcel(number=2))
    first, *_ = receiver.posts
    assert first.body["title"] == "【告警·P2 三十分钟内处理】链路断开：一中"
    assert "（可能重复）" in first.body["message"]


async def test_apprise_takes_a_wecom_refusal_for_success_and_is_not_used_for_it() -> None:
    """A line of the checklist: HTTP 200 with errcode != 0."""
    async with serving(Vendor("wecom")) as vendor:
        vendor.next = [web.json_response(answer("wecom", "too many"))]
        plugin = apprise.Apprise.instantiate("wecombot://c0ffeec0ffeec0ffee-0123456789")
        assert plugin is not None
        setattr(plugin, "api_url", f"{vendor.url}/send?key=0")  # noqa: B010
        said = await asyncio.to_thread(plugin.notify, body="x", title="x")
        assert vendor.asked == 1
        assert said is True, "apprise looks into the answer now: docs and this rule can go"
    with pytest.raises(ConfigError, match="for success"):
        apprise_of("wecombot://c0ffeec0ffeec0ffee-0123456789")


@pytest.mark.parametrize("url", ["dingtalk://token@0", "feishu://token", "lark://token"])
def test_the_other_robots_are_refused_too(url: str) -> None:
    with pytest.raises(ConfigError, match="for success"):
        apprise_of(url)


def test_an_address_that_apprise_does_not_know_is_refused_without_being_quoted() -> None:
    with pytest.raises(ConfigError, match="holds no address") as caught:
        apprise_of("nothing-c0ffee")
    assert "c0ffee" not in str(caught.value)


async def test_neither_address_nor_message_is_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    talkative = logging.getLogger("urllib3.connectionpool")
    # Whatever other tests of this process, or what they start, have done with it.
    monkeypatch.setattr(talkative, "disabled", False)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, talkative.name)
    async with receiving() as receiver:
        channel = tail(receiver.url.replace("http://", "json://user:c0ffee@") + "/c0ffee")
        receiver.answers = [200, 500]
        await channel.send(parcel())
        with pytest.raises(RetryLater) as caught:
            await channel.send(parcel(number=2))
    assert "c0ffee" not in caplog.text + str(caught.value) + repr(channel)
    assert "链路断开" not in caplog.text
    talkative.debug("of another thread")
    assert "of another thread" in caplog.text


async def test_one_that_hangs_is_left_alone_until_it_comes_back() -> None:
    ends, calls = threading.Event(), []

    def hangs(**_: object) -> bool:
        calls.append(1)
        return ends.wait(20)

    channel = LongTail("other", hangs, "d1", "both", 0.2)
    with pytest.raises(RetryLater, match="no answer within") as caught:
        await channel.send(parcel())
    assert caught.value.perhaps
    with pytest.raises(RetryLater, match="has not come back"):
        await channel.send(parcel(repeat=True))
    ends.set()
    while channel._running and not channel._running.done():
        await asyncio.sleep(0.01)
    await channel.send(parcel(repeat=True))
    assert len(calls) == 2


async def test_a_plugin_that_raises_tells_no_secret() -> None:
    def raises(**_: object) -> bool:
        raise RuntimeError("c0ffee")

    with pytest.raises(RetryLater, match="RuntimeError") as caught:
        await LongTail("other", raises, "d1").send(parcel())
    assert "c0ffee" not in str(caught.value)
