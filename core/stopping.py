"""How a program hears that it is to stop, or to read its configuration again."""

import asyncio
import contextlib
import signal


def at_signal(stopping: asyncio.Event) -> None:
    """Have SIGTERM and SIGINT set *stopping*; to be called in the running loop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C still raises
            loop.add_signal_handler(number, stopping.set)


def at_hangup(again: asyncio.Event) -> None:
    """Have SIGHUP set *again*; to be called in the running loop. Windows has no such signal."""
    number = getattr(signal, "SIGHUP", None)
    if number is not None:
        asyncio.get_running_loop().add_signal_handler(number, again.set)
