"""E-mail to a real mail server: what arrives, who is refused, and what is said of it."""

import logging
import ssl
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.mail import Mail, Server
from core.errors import DeliveryError, RetryLater
from tests.alerts.channels.saying import parcel, telling
from tests.real import mailserver
from tests.real.brokers import free_port
from tests.real.certificates import issued
from tests.real.mailserver import PASSWORD, USER, Mailbox

TO = ("duty@example.org", "head@example.org", "it@example.org")


def mail(box: Mailbox, to: tuple[str, ...] = TO, **more: Any) -> Mail:
    server = Server("127.0.0.1", box.port, **{"tls": "none", "timeout_s": 10.0, **more})
    return Mail("mail", server, "schoolwatch@example.org", to, "d1")


async def test_a_mail_has_text_and_html_in_chinese_and_a_link() -> None:
    with mailserver.serving() as box:
        await mail(box).send(parcel(telling(severity="P1"), links={1: "https://d/ack/1?t=x"}))
    ((to, got),) = box.mails
    assert to == list(TO)
    assert got["Subject"] == "【告警·P1 立即处理】链路断开：一中"
    assert got["Importance"] == "high"
    assert got.get_content_type() == "multipart/alternative"
    for kind in ("plain", "html"):
        part = got.get_body((kind,))
        assert part
        text = part.get_content()
        for word in ("链路断开：一中", "请先：重启交换机", "A link is down", "https://d/ack/1?t=x"):
            assert word in text


async def test_a_repeat_has_the_first_ones_id_and_says_so() -> None:
    with mailserver.serving() as box:
        await mail(box).send(parcel())
        await mail(box).send(parcel(repeat=True))
    (_, first), (_, again) = box.mails
    assert first["Message-ID"] == again["Message-ID"]
    assert "（可能重复）" in again["Subject"]


async def test_what_a_device_is_called_makes_no_other_header_and_no_element() -> None:
    evil = "a\r\nBcc: spy@example.org\r\n\r\n<script>x</script>"
    with mailserver.serving() as box:
        await mail(box).send(parcel(telling(title=evil)))
    ((to, got),) = box.mails
    assert to == list(TO)
    assert got["Bcc"] is None
    assert "\n" not in got["Subject"]
    page = got.get_body(("html",))
    assert page
    assert "<script>" not in page.get_content()


async def test_who_is_refused_for_now_gets_it_later_and_the_others_not_again() -> None:
    with mailserver.serving() as box:
        channel = mail(box)
        box.refuses = {TO[1]: "451 greylisted"}
        with pytest.raises(RetryLater, match="1 of 3 recipients") as caught:
            await channel.send(parcel())
        assert caught.value.perhaps, "whoever sends it to all again has to mark it"
        box.refuses = {}
        await channel.send(parcel(repeat=True))
        await channel.send(parcel(number=2))
    assert [to for to, _ in box.mails] == [[TO[0], TO[2]], [TO[1]], list(TO)]
    assert all("（可能重复）" not in got["Subject"] for _, got in box.mails)


async def test_a_kill_before_all_have_it_sends_it_to_all_and_marked() -> None:
    with mailserver.serving() as box:
        box.refuses = {TO[1]: "451 greylisted"}
        with pytest.raises(RetryLater) as caught:
            await mail(box).send(parcel())
        box.refuses = {}
        await mail(box).send(parcel(repeat=caught.value.perhaps))
    (_, first), (to, again) = box.mails
    assert to == list(TO)
    assert "（可能重复）" not in first["Subject"]
    assert "（可能重复）" in again["Subject"]


async def test_where_all_are_refused_for_now_nobody_has_it() -> None:
    with mailserver.serving() as box:
        box.refuses = dict.fromkeys(TO, "451 greylisted")
        with pytest.raises(RetryLater, match="3 of 3") as caught:
            await mail(box).send(parcel())
        assert not caught.value.perhaps


async def test_who_is_refused_for_good_is_said_by_number_and_not_by_name() -> None:
    with mailserver.serving() as box:
        box.refuses = {TO[1]: "550 no such mailbox"}
        with pytest.raises(DeliveryError, match="1 of 3 recipients are refused") as caught:
            await mail(box).send(parcel())
        assert not isinstance(caught.value, RetryLater)
        assert "example.org" not in str(caught.value)
        box.refuses = dict.fromkeys(TO, "550 no")
        with pytest.raises(DeliveryError, match="3 of 3"):
            await mail(box).send(parcel())


async def test_a_busy_server_is_asked_again_and_one_that_refuses_is_not() -> None:
    with mailserver.serving() as box:
        box.says = ["451 busy", "554 spam"]
        with pytest.raises(RetryLater, match="451"):
            await mail(box).send(parcel())
        with pytest.raises(DeliveryError, match="554") as caught:
            await mail(box).send(parcel())
        assert not isinstance(caught.value, RetryLater)
        await mail(box).send(parcel())
        assert len(box.mails) == 1


@pytest.mark.parametrize("tls", ["starttls", "ssl"])
async def test_a_password_goes_out_only_encrypted_and_a_wrong_one_is_final(
    tls: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    root = issued("127.0.0.1")
    trust = ssl.create_default_context(cadata=root.der)
    trust.check_hostname = False
    context = root.server_context(tmp_path)
    with mailserver.serving(context, implicit=tls == "ssl", login=True) as box:
        secure: dict[str, Any] = {"tls": tls, "context": lambda: trust, "user": USER}
        await mail(box, **secure, password=PASSWORD).send(parcel())
        assert len(box.mails) == 1
        with pytest.raises(DeliveryError, match="user or password") as caught:
            await mail(box, **secure, password="wrong").send(parcel())
        assert not isinstance(caught.value, RetryLater)
        stranger: dict[str, Any] = {"tls": tls, "user": USER, "password": PASSWORD}
        with pytest.raises(RetryLater, match="no encrypted connection"):
            await mail(box, **stranger).send(parcel())
    ours = [one.getMessage() for one in caplog.records if one.name != "mail.log"]
    assert [line for line in ours if PASSWORD in line or "example.org" in line] == []
    assert PASSWORD not in repr(mail(box, **stranger))


async def test_a_server_without_tls_gets_no_password() -> None:
    with mailserver.serving() as box, pytest.raises(DeliveryError, match="cannot do it"):
        await mail(box, tls="starttls", user=USER, password=PASSWORD).send(parcel())
    assert box.mails == []


async def test_nobody_there_is_tried_again() -> None:
    with pytest.raises(RetryLater, match="cannot connect") as caught:
        await mail(Mailbox(port=free_port())).send(parcel())
    assert not caught.value.perhaps
