"""Blocking calls that come back late, or never, or with an error."""

import asyncio
import threading

import pytest

from core.errors import TargetUnreachable
from core.threads import OneAtATime
from tests.waiting import until


async def test_a_result_and_an_error_come_back_to_who_asked() -> None:
    threads = OneAtATime()
    assert await threads.call("a", lambda: 42, 5) == 42
    with pytest.raises(ZeroDivisionError):
        await threads.call("a", lambda: 1 // 0, 5)


async def test_nothing_is_kept_of_calls_that_came_back_however_many_subjects_there_were() -> None:
    threads, release = OneAtATime(), threading.Event()
    for number in range(100):
        await threads.call(f"/media/stick-{number}", lambda: True, 5)
    with pytest.raises(TargetUnreachable):
        await threads.call("nas", release.wait, 0.05)
    assert list(threads._last) == ["nas"]
    release.set()
    await until(lambda: not threads.hangs("nas"))
    assert await threads.call("nas", lambda: True, 5)
    assert not threads._last


async def test_a_hanging_call_is_given_up_and_not_made_twice() -> None:
    threads, release = OneAtATime(), threading.Event()
    with pytest.raises(TargetUnreachable, match=r"nas: no answer within 0\.05 s"):
        await threads.call("nas", release.wait, 0.05)
    with pytest.raises(TargetUnreachable, match="nas: an earlier call still hangs"):
        await threads.call("nas", lambda: True, 5)
    assert await threads.call("another", lambda: True, 5)

    release.set()
    await until(lambda: not threads.hangs("nas"))
    assert await threads.call("nas", lambda: True, 5)


async def test_a_caller_that_is_cancelled_leaves_the_call_counted_as_hanging() -> None:
    threads, release = OneAtATime(), threading.Event()
    task = asyncio.create_task(threads.call("nas", release.wait, 60))
    await until(lambda: threads.hangs("nas"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert threads.hangs("nas")
    release.set()
    await until(lambda: not threads.hangs("nas"))


async def test_the_loop_goes_on_while_a_call_blocks() -> None:
    threads, release = OneAtATime(), threading.Event()
    task = asyncio.create_task(threads.call("nas", release.wait, 5))
    await until(lambda: threads.hangs("nas"))
    release.set()
    assert await task is True


async def test_a_thread_is_kept_for_the_next_call_and_one_that_hangs_is_not_waited_for() -> None:
    threads, release = OneAtATime(), threading.Event()
    first = await threads.call("a", threading.get_ident, 5)
    assert await threads.call("b", threading.get_ident, 5) == first
    with pytest.raises(TargetUnreachable):
        await threads.call("nas", release.wait, 0.05)
    second = await threads.call("a", threading.get_ident, 5)
    assert second != first
    assert await threads.call("a", threading.get_ident, 5) == second
    before = threading.active_count()
    release.set()
    await until(lambda: threading.active_count() < before)
