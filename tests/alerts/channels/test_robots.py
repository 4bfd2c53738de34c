"""Robots of WeCom, DingTalk and Feishu, against servers that keep the vendors' limits."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from alerts.channels import dingtalk, feishu, wecom
from alerts.channels.pieces import MOST_PIECES
from core.clock import SECOND
from core.errors import DeliveryError, NotYet, RetryLater
from tests.alerts.channels.saying import KINDS, parcel, robot, telling
from tests.alerts.vendors import Kind, Vendor, answer, cases, serving
from tests.collector.making import NOW, Clock
from tests.real.certificates import issued

CODES = {"wecom": wecom.CODES, "dingtalk": dingtalk.CODES, "feishu": feishu.CODES}
DOCS = Path(__file__).parents[3] / "docs"
ANSWERS = [(kind, case["name"]) for kind in KINDS for case in cases(kind)]


@pytest.mark.parametrize(("kind", "name"), ANSWERS)
async def test_an_answer_is_taken_for_what_the_vendor_means_by_it(kind: Kind, name: str) -> None:
    (case,) = (one for one in cases(kind) if one["name"] == name)
    async with serving(Vendor(kind)) as vendor:
        channel = robot(vendor)
        vendor.next = [web.json_response(case["body"], status=case["status"])]
        try:
            await channel.send(parcel())
            outcome, said, wait = "taken", "", 0.0
        except RetryLater as error:
            outcome, said, wait = "later", str(error), error.wait
        except DeliveryError as error:
            outcome, said, wait = "never", str(error), 0
        await channel.close()
    assert outcome == case["outcome"]
    assert case.get("says", "") in said
    assert wait == case.get("wait", 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_error_inside_200_is_a_failure_and_the_next_message_goes(kind: Kind) -> None:
    async with serving(Vendor(kind, keyword="no such word")) as vendor:
        channel = robot(vendor)
        if kind == "wecom":
            vendor.key = "another"
        with pytest.raises(DeliveryError) as caught:
            await channel.send(parcel())
        assert not isinstance(caught.value, RetryLater)
        vendor.keyword = "schoolwatch"
        vendor.key = "c0ffee-key"
        await channel.send(parcel(number=2))
        assert len(vendor.took) == 1
        await channel.close()


@pytest.mark.parametrize("kind", ["dingtalk", "feishu"])
async def test_a_signature_is_what_the_vendor_computes(kind: Kind) -> None:
    async with serving(Vendor(kind, signing="SEC+/=0")) as vendor:
        channel = robot(vendor)
        await channel.send(parcel())
        assert len(vendor.took) == 1
        await channel.close()
        unsigned = robot(vendor, signing="")
        with pytest.raises(DeliveryError, match="signature is not right"):
            await unsigned.send(parcel())
        await unsigned.close()


def test_the_two_signatures_are_as_the_vendors_samples_make_them() -> None:
    """Feishu signs nothing with time and secret; DingTalk signs both with the secret."""
    nothing = hmac.new(b"100\ndemo", digestmod=hashlib.sha256).digest()
    both = hmac.new(b"demo", b"100\ndemo", digestmod=hashlib.sha256).digest()
    assert feishu.signature(100, "demo") == base64.b64encode(nothing).decode()
    assert dingtalk.signature(100, "demo") == base64.b64encode(both).decode()


@pytest.mark.parametrize(("kind", "format"), [*((k, "") for k in KINDS), ("wecom", "text")])
async def test_three_thousand_chinese_characters_arrive_whole(kind: Kind, format: str) -> None:  # noqa: A002
    text = "".join(chr(0x4E00 + number) for number in range(3_000))
    more: dict[str, Any] = {"format": format} if format else {}
    async with serving(Vendor(kind)) as vendor:
        channel = robot(vendor, **more)
        await channel.send(parcel(telling(more=text)))
        assert vendor.refusals == []
        read = "".join("".join(one.split("\n")[1:-1]) for one in vendor.texts())
        # What stands at the top and the bottom of each piece is between the halves of the text.
        assert [char for char in read if char in text][: len(text)].count(text[0]) == 1
        assert sum(read.count(char) for char in text[::100]) >= 30
        assert all("schoolwatch d1 #1" in one for one in vendor.texts())
        await channel.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_endless_is_cut_and_says_so(kind: Kind) -> None:
    async with serving(Vendor(kind)) as vendor:
        time = Clock()
        vendor.now = time
        channel = robot(vendor, time)
        while True:
            try:
                await channel.send(parcel(telling(more="网" * 60_000)))
                break
            except NotYet as error:  # five in a second
                time.at += int(error.wait * SECOND)
        assert vendor.refusals == []
        assert len(vendor.took) == MOST_PIECES
        assert "more on the page" in vendor.texts()[-1]
        await channel.close()


async def test_a_title_without_end_leaves_room_for_the_rest() -> None:
    async with serving(Vendor("wecom")) as vendor:
        channel = robot(vendor, format="text")
        title = "很长的名称" * 120
        await channel.send(parcel(telling(title=title)))
        assert vendor.refusals == []
        text = "".join("".join(one.split("\n")[1:-1]) for one in vendor.texts())
        assert title in text
        assert "请先：重启交换机" in text
        await channel.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_begin_repeat_and_end_differ_in_words_at_the_beginning(kind: Kind) -> None:
    async with serving(Vendor(kind)) as vendor:
        channel = robot(vendor)
        links = {1: "https://d.example.org/ack/1?t=a(b)"}
        await channel.send(parcel(links=links))
        await channel.send(parcel(number=2, repeat=True))
        await channel.send(parcel(number=3, reason="ALL_RESOLVED"))
        await channel.send(parcel(number=4, via="wecom-1"))
        first, repeat, over, via = vendor.texts()
        assert "【告警·P2 三十分钟内处理】链路断开：一中" in first.split("\n")[0]
        assert all(word in first for word in ("开始", "影响", "请先", "A link is down", "确认收到"))
        assert "ack/1?t=a" in first
        assert "（可能重复）" in repeat
        assert "（可能重复）" not in first
        assert "【已恢复】" in over.split("\n")[0]
        assert "“wecom-1”" in via
        await channel.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_devices_name_calls_nobody_and_makes_no_link(kind: Kind) -> None:
    evil = "<@all> <at id=all></at> [x](http://evil.example) ** `"
    async with serving(Vendor(kind)) as vendor:
        channel = robot(vendor)
        await channel.send(parcel(telling(title=evil, more=evil)))
        (body,) = vendor.took
        await channel.close()
    if kind == "feishu":
        tags = {one["text"]["tag"] for one in body["card"]["elements"] if "text" in one}
        assert tags == {"plain_text"}
        assert body["card"]["header"]["title"]["tag"] == "plain_text"
    else:
        text = json.dumps(body["markdown"], ensure_ascii=False)
        assert all(part not in text for part in ("<@all>", "<at ", "](http"))


async def test_wecom_calls_people_for_what_is_urgent_and_begins() -> None:
    async with serving(Vendor("wecom")) as vendor:
        channel = robot(vendor, mentioned=("zhang", "@all"))
        await channel.send(parcel(telling(severity="P1")))
        await channel.send(parcel(telling(severity="P2"), number=2))
        await channel.send(parcel(telling(severity="P1"), number=3, reason="ALL_RESOLVED"))
        assert ["<@zhang>" in text for text in vendor.texts()] == [True, False, False]
        await channel.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_thousand_messages_keep_the_vendors_limits(kind: Kind) -> None:
    """In time that the test moves; the server counts in the same."""
    time = Clock()
    async with serving(Vendor(kind, now=time)) as vendor:
        channel = robot(vendor, time)
        count = 1_000
        for number in range(count):
            while True:
                try:
                    await channel.send(parcel(number=number))
                    break
                except NotYet as error:
                    time.at += int(error.wait * SECOND)
        assert (len(vendor.took), vendor.refusals) == (count, [])
        seconds = (time.at - NOW) / SECOND
        # No slower than the vendor allows either.
        assert seconds <= (count / {"feishu": 100}.get(kind, 20)) * 60
        await channel.close()


@pytest.mark.parametrize("lost", [True, False])
async def test_a_message_in_pieces_goes_on_where_it_stopped(*, lost: bool) -> None:
    """A restart then begins anew, so the message counts as one that may have come already."""
    long = telling(more="网" * 3_000)
    vendor = Vendor("wecom")
    real = vendor.take

    async def stops_once(request: web.Request) -> web.StreamResponse:
        if len(vendor.took) == 1 and not vendor.refusals:
            vendor.refusals.append("once")
            too_many = web.json_response(answer("wecom", "too many"))
            return web.Response(status=502) if lost else too_many
        return await real(request)

    vendor.take = stops_once  # type: ignore[method-assign]
    async with serving(vendor):
        channel = robot(vendor)
        with pytest.raises(RetryLater) as caught:
            await channel.send(parcel(long))
        assert caught.value.perhaps
        await channel.send(parcel(long, repeat=True))
        await channel.close()
    first, second, third = vendor.texts()
    assert "(1/3)" in first
    assert "(3/3)" in third
    assert ["（可能重复）" in text for text in (first, second, third)] == [False, lost, False]


async def test_one_that_waits_between_its_pieces_may_have_come_in_part() -> None:
    time = Clock()
    async with serving(Vendor("feishu", now=time)) as vendor:
        channel = robot(vendor, time)
        with pytest.raises(NotYet) as caught:
            await channel.send(parcel(telling(more="网" * 60_000)))
        assert (len(vendor.took), caught.value.perhaps) == (5, True)
        await channel.close()


async def test_feishu_keeps_a_digest_out_of_the_rush_and_nothing_else() -> None:
    time = Clock(NOW - NOW % (1_800 * SECOND) + 10 * SECOND)
    async with serving(Vendor("feishu", now=time)) as vendor:
        channel = robot(vendor, time)
        digest: Any = "DIGEST"
        with pytest.raises(NotYet) as caught:
            await channel.send(parcel(reason=digest))
        assert (caught.value.wait, caught.value.whole) == (50, False)
        await channel.send(parcel(number=2))
        time.at += 50 * SECOND
        await channel.send(parcel(reason=digest))
        assert len(vendor.took) == 2
        await channel.close()


NOT_THEIRS = "not as the vendor does"
STRANGE: dict[str, tuple[Callable[[], web.Response], str, bool]] = {
    "a page of a proxy": (lambda: web.Response(text="<html>sign in</html>"), NOT_THEIRS, True),
    "nothing": (lambda: web.Response(text=""), NOT_THEIRS, True),
    "a list": (lambda: web.json_response([0]), NOT_THEIRS, True),
    "another object": (lambda: web.json_response({"ok": True}), NOT_THEIRS, True),
    "a bool for a code": (lambda: web.json_response({"errcode": False}), NOT_THEIRS, True),
    "a huge page": (lambda: web.Response(text="0" * 5_000_000), NOT_THEIRS, True),
    "an unknown code": (lambda: web.json_response({"errcode": 77777}), "77777", False),
    "a server error": (lambda: web.Response(status=502), "answered 502", True),
}


@pytest.mark.parametrize("name", STRANGE)
async def test_what_is_no_answer_of_theirs_is_tried_again(name: str) -> None:
    made, says, perhaps = STRANGE[name]
    async with serving(Vendor("wecom")) as vendor:
        channel = robot(vendor)
        vendor.next = [made()]
        with pytest.raises(RetryLater, match=says) as caught:
            await channel.send(parcel())
        assert caught.value.perhaps == perhaps
        await channel.send(parcel())
        assert len(vendor.took) == 1
        await channel.close()


async def test_a_redirect_gets_no_key() -> None:
    async with serving(Vendor("wecom")) as elsewhere, serving(Vendor("wecom")) as vendor:
        channel = robot(vendor)
        vendor.next = [web.Response(status=302, headers={"Location": elsewhere.address})]
        with pytest.raises(DeliveryError, match="redirect"):
            await channel.send(parcel())
        assert elsewhere.asked == 0
        await channel.close()


async def test_a_certificate_that_nobody_vouches_for_gets_no_key(tmp_path: Path) -> None:
    context = issued("127.0.0.1").server_context(tmp_path)
    async with serving(Vendor("wecom"), context) as vendor:
        channel = robot(vendor)
        with pytest.raises(RetryLater, match="certificate is refused") as caught:
            await channel.send(parcel())
        assert not caught.value.perhaps
        assert vendor.asked == 0
        await channel.close()


async def test_one_that_never_answers_is_left_after_its_time() -> None:
    async with serving(Vendor("wecom")) as vendor:

        async def hangs(_request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(30)
            raise AssertionError

        vendor.take = hangs  # type: ignore[method-assign, assignment]
        async with serving(vendor):
            channel = robot(vendor, timeout_s=0.3)
            with pytest.raises(RetryLater, match="no answer within") as caught:
                await channel.send(parcel())
            assert caught.value.perhaps
            await channel.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_no_secret_is_logged_or_shown(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(Vendor(kind, signing="" if kind == "wecom" else "SECc0ffee")) as vendor:
        channel = robot(vendor)
        await channel.send(parcel())
        vendor.next = [web.Response(status=500), web.Response(status=404)]
        said = repr(channel) + repr(channel.__dict__)
        for _ in range(2):
            with pytest.raises(DeliveryError) as caught:
                await channel.send(parcel(number=2))
            said += str(caught.value)
        await channel.close()
    assert "c0ffee" not in caplog.text + said


@pytest.mark.parametrize("kind", KINDS)
def test_every_code_is_in_the_tables_for_people(kind: str) -> None:
    for page in ("channels.md", "channels.zh-CN.md"):
        text = (DOCS / page).read_text(encoding="utf-8")
        assert [code for code in CODES[kind] if f"`{code}`" not in text] == []
