"""Messages on their way to real receivers: those that work, fail, hang, redirect or are gone."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerts.channels.base import Channel
from alerts.channels.body import body
from alerts.channels.poster import Answer, Poster
from alerts.channels.webhook import Webhook
from alerts.dispatcher import Dispatcher
from alerts.outbox import GIVE_UP_AFTER, Outbox, Parcel
from collector.channelsconfig import WebhookConfig
from core import clock
from core.errors import ConfigError
from core.types import Event
from tests.alerts.receiver import receiving
from tests.alerts.stage import Stage
from tests.collector.making import Clock
from tests.real.brokers import free_port
from tests.waiting import until

DOCS = Path(__file__).parents[2] / "docs/alerts.md"
SECRET = "Bearer correct-horse"


class Now(Clock):
    """Real time, so that what is tried again has its turn."""

    def __call__(self) -> int:
        return clock.now()


@dataclass
class Office:
    """The outbox of an engine, and a dispatcher that empties it."""

    stage: Stage
    channels: Sequence[Channel]
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    seq: int = 0

    def __post_init__(self) -> None:
        self.stopping = asyncio.Event()
        names = tuple(channel.name for channel in self.channels)
        self.stage.channels = names
        self.stage.restart()
        outbox = Outbox(self.stage.ground, names)
        self.dispatcher = Dispatcher(outbox, self.channels, self._count, first_wait_s=0.01)

    def _count(self, name: str, channel: str) -> None:
        self.counted[name, channel] += 1

    def say(self, *, active: bool = True, subject: str = "spool") -> None:
        """Have an alert begin or end."""
        self.stage.say(Event("spool_dropping", "host", subject, active, clock.now()))
        self.dispatcher.kick()

    def states(self) -> list[tuple[str, str]]:
        return [(channel, state) for _, channel, state, _ in self.stage.outbox()]

    async def all_done(self) -> None:
        on_the_way = {"queued", "sending"}
        await until(lambda: not on_the_way & {state for _, state in self.states()}, 30)


@asynccontextmanager
async def office(folder: Path, *channels: Channel) -> AsyncIterator[Office]:
    """Run a dispatcher for the length of the block."""
    made = Office(Stage(folder, clock=Now()), channels)
    task = asyncio.create_task(made.dispatcher.run(made.stopping))
    try:
        yield made
    finally:
        made.stopping.set()
        made.dispatcher.kick()
        await asyncio.wait_for(task, 20)


def hook(url: str, name: str = "duty", **more: Any) -> Webhook:
    return Webhook(name, url, "d1", **{"timeout_s": 5.0, **more})


async def test_a_receiver_that_fails_gets_the_same_message_again_marked(tmp_path: Path) -> None:
    async with receiving() as receiver, office(tmp_path / "d1", hook(receiver.url)) as desk:
        receiver.answers = [500, 503]
        desk.say()
        await desk.all_done()
        assert receiver.said() == [("FIRST", False), ("FIRST", True), ("FIRST", True)]
        assert len({post.headers["Idempotency-Key"] for post in receiver.posts}) == 1
        assert [post.body["attempt"] for post in receiver.posts] == [1, 2, 3]
        assert desk.counted == {("alerts_retried", "duty"): 2, ("alerts_delivered", "duty"): 1}


async def test_one_that_asks_for_patience_is_given_it_and_gets_no_repeat(tmp_path: Path) -> None:
    async with receiving() as receiver, office(tmp_path / "d1", hook(receiver.url)) as desk:
        receiver.answers = [(429, {"Retry-After": "1"})]
        began = asyncio.get_running_loop().time()
        desk.say()
        await desk.all_done()
        assert asyncio.get_running_loop().time() - began >= 1
        assert receiver.said() == [("FIRST", False), ("FIRST", False)]


async def test_no_answer_in_time_is_tried_again_as_a_repeat(tmp_path: Path) -> None:
    async with receiving() as receiver:
        async with office(tmp_path / "d1", hook(receiver.url, timeout_s=0.2)) as desk:
            receiver.answers = [0]
            desk.say()
            await desk.all_done()
        assert receiver.said() == [("FIRST", False), ("FIRST", True)]


async def test_nobody_at_the_address_is_tried_until_somebody_is(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    async with office(tmp_path / "d1", hook(url)) as desk:
        desk.say()
        await until(lambda: desk.counted["alerts_retried", "duty"] > 1, 20)
        async with receiving(port) as receiver:
            await desk.all_done()
        assert receiver.said() == [("FIRST", False)], "nobody had it before"


async def test_a_refusal_is_final_and_holds_up_nothing_else(tmp_path: Path) -> None:
    async with receiving() as receiver, office(tmp_path / "d1", hook(receiver.url)) as desk:
        receiver.answers = [404]
        desk.say()
        desk.say(subject="other")
        await desk.all_done()
        assert desk.states() == [("duty", "undeliverable"), ("duty", "delivered")]
        assert desk.counted["alerts_undeliverable", "duty"] == 1


async def test_a_redirect_is_not_followed_with_the_secret(tmp_path: Path) -> None:
    async with receiving() as receiver, receiving() as elsewhere:
        headers = {"Authorization": SECRET}
        async with office(tmp_path / "d1", hook(receiver.url, headers=headers)) as desk:
            receiver.answers = [(307, {"Location": elsewhere.url})]
            desk.say()
            await desk.all_done()
        assert desk.states() == [("duty", "undeliverable")]
        assert [post.headers["Authorization"] for post in receiver.posts] == [SECRET]
        assert elsewhere.posts == []


async def test_neither_secret_nor_address_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with receiving() as receiver:
        url = f"{receiver.url}?key=c0ffee"
        channel = hook(url, headers={"Authorization": SECRET})
        async with office(tmp_path / "d1", channel) as desk:
            receiver.answers = [500, 404]
            desk.say()
            await desk.all_done()
            await asyncio.sleep(0)
        assert "channel duty" in caplog.text
        assert "c0ffee" not in caplog.text
        assert "correct-horse" not in caplog.text + repr(channel)


async def test_a_channel_that_hangs_holds_up_no_other(tmp_path: Path) -> None:
    async with receiving() as slow, receiving() as quick:
        slow.always = 0
        channels = hook(slow.url, "slow", timeout_s=20.0), hook(quick.url, "quick")
        async with office(tmp_path / "d1", *channels) as desk:
            for number in range(5):
                desk.say(subject=f"{number}")
            await until(lambda: len(quick.posts) == 5, 15)
            assert len(slow.posts) == 1
            slow.always = 200
            slow.hangs.set()
            await desk.all_done()
        assert slow.said() == quick.said() == [("FIRST", False)] * 5


async def test_an_end_never_overtakes_its_beginning(tmp_path: Path) -> None:
    async with receiving() as receiver, office(tmp_path / "d1", hook(receiver.url)) as desk:
        receiver.answers = [(429, {"Retry-After": "1"})]
        desk.say()
        await until(lambda: desk.counted["alerts_retried", "duty"], 20)
        desk.say(active=False)
        desk.say(subject="other")
        await desk.all_done()
        bodies = [post.body for post in receiver.posts]
        reasons = [(one["reason"], one["alerts"][0]["labels"]["subject"]) for one in bodies]
        assert reasons[1] == ("FIRST", "other"), "what is about something else goes on"
        assert reasons[2:] == [("FIRST", "spool"), ("ALL_RESOLVED", "spool")]


async def test_messages_of_a_channel_that_was_removed_end_and_are_counted(tmp_path: Path) -> None:
    gone = f"http://127.0.0.1:{free_port()}/"
    async with office(tmp_path / "d1", hook(gone, "old"), hook(gone, "duty")) as desk:
        desk.say()
        await until(lambda: desk.counted["alerts_retried", "old"], 20)
    desk.stage.ledger.close()
    async with receiving() as receiver:
        async with office(tmp_path / "d1", hook(receiver.url)) as later:
            await later.all_done()
        assert later.states() == [("duty", "delivered"), ("old", "undeliverable")]
        assert later.counted["alerts_undeliverable", "removed"] == 1
        assert receiver.said() == [("FIRST", False)]


async def test_a_message_of_yesterday_helps_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as receiver, office(tmp_path / "d1", hook(receiver.url)) as desk:
        receiver.always = 500
        desk.say()
        await until(lambda: desk.counted["alerts_retried", "duty"], 20)
        monkeypatch.setattr("alerts.dispatcher.GIVE_UP_AFTER", 0)
        await desk.all_done()
        assert desk.states() == [("duty", "undeliverable")]
        assert GIVE_UP_AFTER == 86_400 * clock.SECOND


async def test_what_is_being_sent_when_the_program_stops_is_a_repeat_later(tmp_path: Path) -> None:
    async with receiving() as receiver:
        receiver.answers = [0]
        channel = hook(receiver.url, timeout_s=0.5)
        async with office(tmp_path / "d1", channel) as desk:
            desk.say()
            await until(lambda: receiver.posts, 20)
        desk.stage.ledger.close()
        async with office(tmp_path / "d1", hook(receiver.url)) as later:
            await later.all_done()
        assert receiver.said() == [("FIRST", False), ("FIRST", True)]


async def test_a_secret_that_is_no_header_is_refused_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("two\nlines")
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="one line"):
        WebhookConfig(name="a", url="http://x", secret_file=file).headers()
    file.write_text(SECRET + "\n")
    assert WebhookConfig(name="a", url="http://x", secret_file=file).headers() == {
        "Authorization": SECRET
    }


def test_every_key_that_is_posted_is_documented(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(Event("spool_dropping", "host", "spool", True, stage.clock()))
    posted = body(Parcel("duty", 1, False, stage.messages_made()[0]), "d1")
    text = DOCS.read_text(encoding="utf-8")
    (alert,) = posted["alerts"]
    names = [*posted, *alert, *alert["labels"], *alert["annotations"]]
    assert [name for name in names if f"`{name}`" not in text] == []


async def test_a_link_that_acts_goes_along_only_where_nobody_reads_it_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(Event("spool_dropping", "host", "spool", True, stage.clock()))
    links = {1: "https://monitor.example.org/ack/TOKEN"}
    parcel = Parcel("duty", 1, False, stage.messages_made()[0], links)
    sent: list[str] = []

    async def post(_self: Poster, _url: str, data: bytes, _headers: object) -> Answer:
        (alert,) = msgspec.json.decode(data)["alerts"]
        sent.append(alert["ackURL"])
        return Answer(200)

    monkeypatch.setattr(Poster, "post", post)
    for url in ("https://a.cn/x", "http://127.0.0.1:9/x", "http://10.1.2.3/x"):
        await Webhook("duty", url, "d1").send(parcel)
    assert sent == [links[1], links[1], ""]
