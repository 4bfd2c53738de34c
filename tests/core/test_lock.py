"""A lock file: one holder at a time, known by its pid, and free at any end."""

import os
from pathlib import Path

import pytest

from core.errors import StartError
from core.lock import hold, holder


def test_a_lock_that_is_held_names_its_holder_and_the_option_to_change(tmp_path: Path) -> None:
    path = tmp_path / "new" / "agent.lock"
    assert holder(path) == ""
    with hold(path, "agent", "[spool] folder"):
        assert holder(path) == str(os.getpid())
        with (
            pytest.raises(StartError, match=rf"\(pid {os.getpid()}\).*change \[spool\] folder"),
            hold(path, "agent", "[spool] folder"),
        ):
            pass
    assert holder(path) == ""
    with hold(path, "agent", "[spool] folder"):
        pass


def test_asking_who_holds_it_makes_no_file_and_keeps_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "agent.lock"
    assert (holder(path), path.exists()) == ("", False)
    path.write_text("4711\n")  # of one that was killed
    assert holder(path) == ""
    with hold(path, "agent", "[spool] folder"):
        assert path.read_text() == f"{os.getpid()}\n"
