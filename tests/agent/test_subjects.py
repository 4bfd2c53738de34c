"""Many subjects, some of them bad."""

import pytest

from agent.subjects import Subjects
from core.errors import TargetUnreachable
from core.types import Reading

READING = Reading("mem", {"total": 1}, 1)


async def good() -> Reading | None:
    return READING


async def nothing() -> Reading | None:
    return None


async def silent() -> Reading | None:
    raise TargetUnreachable("b: no answer")


async def broken() -> Reading | None:
    raise ZeroDivisionError("a mistake in the probe")


async def test_a_bad_one_is_said_once_and_once_when_it_is_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    subjects = Subjects("disk")
    for _ in range(3):
        assert await subjects.ask({"a": good(), "b": silent()}) == [READING]
    for _ in range(3):
        assert await subjects.ask({"a": good(), "b": good()}) == [READING, READING]
    assert caplog.messages == ["disk: b: no answer", "disk: b: well again"]


async def test_where_all_fail_the_probe_has_failed() -> None:
    with pytest.raises(TargetUnreachable, match="b: no answer"):
        await Subjects("disk").ask({"a": silent(), "b": silent()})


async def test_a_mistake_is_never_taken_for_a_bad_subject() -> None:
    with pytest.raises(ZeroDivisionError):
        await Subjects("disk").ask({"a": good(), "b": broken()})


async def test_subjects_without_a_reading_are_well() -> None:
    assert await Subjects("disk").ask({"a": nothing()}) == []
