"""Telling a person what happens, as long as somebody is there to read it."""

import os
import sys


def say(text: str) -> None:
    """Print *text* at once; when nobody reads any more, go on without a word.

    A reader that went away (`up | head`, a closed terminal) must not end the parent before it has
    stopped its children.
    """
    if sys.stdout is None:  # started with the output closed
        return
    encoding = sys.stdout.encoding
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        print(shown, flush=True)  # noqa: T201 — this is what the person at the terminal sees
    except OSError:
        _be_silent()


def _be_silent() -> None:
    # Python flushes once more when it ends; into a closed pipe that would be an error of its own.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
