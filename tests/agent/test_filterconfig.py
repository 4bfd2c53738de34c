"""What an operator writes under [filter], as the filter takes it; mistakes are in tests/configs."""

from pathlib import Path

from agent.config import read_agent
from agent.filter import ChangeFilter
from core.clock import SECOND
from core.types import Reading, Value

IDENTITY = 'kind = "agent"\nidentity = { region = "330100", school = "s", agent = "a" }\n'


def travelled(folder: Path, text: str, name: str, *values: Value, every_s: int = 10) -> list[Value]:
    """Return which of *values* of a ping's field travel, with *text* as the file's rest."""
    file = folder / "agent.toml"
    file.write_text(IDENTITY + text)
    changes, found = ChangeFilter(read_agent(file).filter.changes()), []
    for number, value in enumerate(values):
        at = number * every_s * SECOND
        news = changes.news(b"ping", Reading("ping", {name: value}, at), at)
        changes.sent(b"ping", news.fields, at)
        found += [value] if news.fields else []
    return found


def test_without_a_word_the_catalogue_decides(tmp_path: Path) -> None:
    assert travelled(tmp_path, "", "average_response_ms", 5.0, 5.9, 6.1) == [5.0, 6.1]
    assert travelled(tmp_path, "", "average_response_ms", 50.0, 54.9, 55.1) == [50.0, 55.1]


def test_a_deadband_of_the_file_replaces_those_of_the_catalogue(tmp_path: Path) -> None:
    for text in (
        "[filter.fields]\nping.average_response_ms = { deadband = 2 }",
        "[filter.fields.ping.average_response_ms]\ndeadband = 2.0",
    ):
        assert travelled(tmp_path, text, "average_response_ms", 50.0, 51.9, 52.1) == [50.0, 52.1]


def test_heartbeats_of_the_file_are_of_all_fields_or_of_one(tmp_path: Path) -> None:
    every = [0, 0, 0, 0, 0, 0]
    assert len(travelled(tmp_path, "", "ttl", *every, every_s=100)) == 2
    text = "[filter]\nheartbeat_s = 200\n"
    assert len(travelled(tmp_path, text, "ttl", *every, every_s=100)) == 3
    text += "[filter.fields]\nping.ttl = { heartbeat_s = 1 }"
    assert len(travelled(tmp_path, text, "ttl", *every, every_s=100)) == 6
    assert len(travelled(tmp_path, text, "result_code", *every, every_s=100)) == 3


def test_off_everything_travels(tmp_path: Path) -> None:
    assert travelled(tmp_path, "[filter]\nenabled = false", "ttl", 1, 1, 1) == [1, 1, 1]
