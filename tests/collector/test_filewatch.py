"""A file of the configuration that changes while the collector runs."""

from pathlib import Path

import pytest

from collector.filewatch import FileWatch
from core.errors import ConfigError
from tests.collector.desk import Desk, open_desk

KINDS = ("config_taken", "config_unreadable")


class Watched:
    """A file that says "one" when the collector starts."""

    def __init__(self, folder: Path) -> None:
        self.desk: Desk = open_desk(folder)
        self.path, self.taken = folder / "rules.toml", list[str]()
        self.path.write_text("one")
        self.again()

    def again(self) -> None:
        at_start, journal = self.path.read_bytes(), self.desk.books.journal
        self.watch = FileWatch(self.path, at_start, _parse, self.taken.append, journal)

    def say(self, text: str) -> None:
        self.path.write_text(text)
        self.watch.look()
        self.watch.look()

    def recorded(self) -> list[str]:
        self.desk.books.journal.sync()
        return [one["kind"] for one in self.desk.audited(*KINDS)]


def _parse(path: Path, content: bytes) -> str:
    if content == b"broken":
        raise ConfigError(f"{path}:1: broken")
    return content.decode()


@pytest.fixture
def file(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_what_is_in_force_at_the_start_is_recorded_and_not_taken_again(file: Watched) -> None:
    assert [file.watch.look(at_once=True), file.watch.look()] == [False, False]
    assert (file.taken, file.recorded()) == ([], ["config_taken"])


def test_a_changed_file_is_recorded_and_taken(file: Watched) -> None:
    file.say("two")
    file.say("one")
    assert (file.taken, file.recorded()) == (["two", "one"], ["config_taken"] * 3)


def test_a_broken_file_is_refused_once_and_the_old_goes_on(file: Watched) -> None:
    file.say("broken")
    file.say("broken")
    assert (file.taken, file.recorded()) == ([], ["config_taken", "config_unreadable"])
    file.say("one")
    assert file.taken == [], "it says what is in force"
    file.say("two")
    assert file.taken == ["two"]


def test_a_file_that_is_away_for_a_while_changes_nothing(file: Watched) -> None:
    file.path.unlink()
    file.watch.look(at_once=True)
    file.say("one")
    assert (file.taken, file.recorded()) == ([], ["config_taken", "config_unreadable"])


def test_a_change_that_cannot_be_recorded_waits_until_it_can(file: Watched) -> None:
    file.watch.look()
    audit = file.path.parent / "audit"
    away = audit.rename(audit.with_name("away"))
    audit.write_text("no folder")
    file.say("two")
    assert (file.taken, file.watch.look()) == ([], False)
    audit.unlink()
    away.rename(audit)
    assert file.watch.look(at_once=True)
    assert file.taken == ["two"]
    assert file.recorded()[-1] == "config_taken"
