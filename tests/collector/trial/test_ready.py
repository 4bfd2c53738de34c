"""Ready means seen from outside: a port that answers, a page, an agent that the collector shows."""

import http.server
import socket
import threading
from collections.abc import Iterator

import msgspec
import pytest

from collector.picture import AgentView, Picture, SchoolView
from collector.trial import ready
from collector.verdicts import Verdict
from collector.web.live import live
from core.types import Identity

WHO = Identity("000000", "trial", "staff-room")


class Site(http.server.ThreadingHTTPServer):
    """Answers 200 to the paths that the test put into `answers`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.answers: dict[str, bytes] = {}


class Page(http.server.BaseHTTPRequestHandler):
    """One request to the site."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Site)
        body = self.server.answers.get(self.path)
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.serve_forever, args=(0.02,))
    thread.start()
    yield site
    site.shutdown()
    thread.join()
    site.server_close()


LATEST = "/api/v1/latest?region=000000&school=trial&agent=staff-room"


def live_json(who: Identity, verdict: Verdict) -> bytes:
    agent = AgentView(who, verdict, 2_000, "0.1.0", "", 0)
    school = SchoolView(who.region, who.school, "", "open", verdict, (agent,))
    return msgspec.json.encode(live(Picture(2_000, "trial", True, (school,)), (True, "")))


def latest_json(*times: int) -> bytes:
    return msgspec.json.encode({"values": [{"measurement": "mem", "at_ns": at} for at in times]})


UP = live_json(WHO, Verdict("up", "", 1))


@pytest.mark.parametrize(
    ("shown", "latest", "expected"),
    [
        (UP, latest_json(1_999, 2_000), True),
        (UP, latest_json(1_999), False),
        (UP, latest_json(), False),
        (live_json(WHO, Verdict("unknown", "will", 1)), latest_json(2_000), False),
        (
            live_json(Identity("000000", "trial", "other"), Verdict("up", "", 1)),
            latest_json(2_000),
            False,
        ),
        (b"<html>", latest_json(2_000), False),
        (UP, b"[]", False),
    ],
    ids=["new", "old", "nothing stored", "not up", "another agent", "no JSON", "other JSON"],
)
def test_an_agent_has_reported_when_it_is_up_and_a_new_reading_is_stored(
    site: Site, shown: bytes, latest: bytes, expected: bool
) -> None:
    site.answers = {"/api/v1/live": shown, LATEST: latest}
    assert ready.reported(site.server_port, WHO, since=2_000) == expected


def test_a_page_is_ready_when_it_answers_well(site: Site) -> None:
    assert not ready.answers(site.server_port, "/readyz")
    site.answers = {"/readyz": b"ok"}
    assert ready.answers(site.server_port, "/readyz")


def test_a_port_nobody_listens_on_is_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ready.takes_connections(port)
    assert not ready.takes_connections(port)
    assert not ready.answers(port, "/readyz")
    assert not ready.reported(port, WHO, since=0)
