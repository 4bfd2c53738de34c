"""Logs of the trial's processes: start after start, and never without end."""

from pathlib import Path

from collector.trial import logs


def test_the_last_words_are_those_of_the_newest_start(tmp_path: Path) -> None:
    log = tmp_path / "log" / "agent.log"
    for words in (b"an old fault\n", b"one\ntwo\nthree\n"):
        with logs.opened(log, "agent") as file:
            file.write(words)
    assert logs.last_lines(log, 2) == ["two", "three"]
    assert logs.last_lines(log) == ["one", "two", "three"]


def test_a_process_that_said_nothing_has_no_last_words(tmp_path: Path) -> None:
    assert logs.last_lines(tmp_path / "never.log") == []


def test_a_log_that_has_grown_large_is_set_aside_at_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    log.write_bytes(b"x" * (logs.LARGEST + 1))
    with logs.opened(log, "agent"):
        pass
    assert log.stat().st_size < 100
    assert (tmp_path / "agent.log.1").stat().st_size == logs.LARGEST + 1
