"""Tries each part of an agent once, as it would work, and leaves everything as it was.

Several at once, each within a limit. Nothing is published and the spool is not opened, so an agent
that runs from the same file is not disturbed.
"""

import asyncio
import importlib
import os
import shutil
import socket
import tempfile
from collections.abc import Awaitable
from contextlib import aclosing
from typing import Final

from msgspec import DecodeError

from agent import checkbroker
from agent.app import LOCK
from agent.checkreadings import of_readings
from agent.config import AgentConfig
from agent.parts import Parts, parts_of
from agent.probecli import ask
from agent.probes import base as probes_base
from agent.schedule import Job
from agent.sensing import options_of
from agent.surroundings import Surroundings
from agent.watchers import Watcher
from agent.witnesskept import FOLDER, HELD, read_held
from core import clock
from core.errors import MonitorError, NotPermitted
from core.findings import Finding
from core.lock import holder
from core.merkle.note import NoteError

AT_ONCE: Final = 4
PROBE_WITHIN_S: Final = 30.0
WATCHER_WITHIN_S: Final = 3.0
"""One that has nothing to tell of the present says nothing; then it listens, and works."""


async def check(config: AgentConfig) -> list[Finding]:
    """Return what is found of every part, in the order of the file."""
    runs = holder(config.spool.folder / LOCK)
    parts = parts_of(config, {})
    turn = asyncio.Semaphore(AT_ONCE)

    async def in_turn(work: Awaitable[list[Finding]]) -> list[Finding]:
        async with turn:
            return await work

    found = await asyncio.gather(
        checkbroker.look(config, runs=runs),
        *(in_turn(probe(job)) for job in parts.jobs),
        *(in_turn(watcher(word, one)) for word, one in parts.watchers.items()),
        _devices(parts),
        _sensor(config),
    )
    alone = [*around(config), *user(), time_here(), spool(config, runs), *witness(config)]
    return [*alone, *(one for part in found for one in part), *left_out(config)]


async def probe(job: Job) -> list[Finding]:
    """Return what one round of the probe gives."""
    part = f"[probes.{job.word}]"
    try:
        async with asyncio.timeout(PROBE_WITHIN_S):
            readings = await ask(job.probe)
    except NotPermitted as error:
        return [Finding(part, "rights", str(error), f"without that it does not know: {about(job)}")]
    except TimeoutError:
        return [Finding(part, "broken", f"gave no answer within {PROBE_WITHIN_S:g} s")]
    except (MonitorError, OSError) as error:
        return [Finding(part, "broken", str(error) or type(error).__name__)]
    except Exception as error:  # noqa: BLE001 — one broken probe hides no other
        text = f"failed: {type(error).__name__}: {error}"
        return [Finding(part, "broken", text, "this is a mistake in the program: report it")]
    return of_readings(part, readings)


async def _devices(parts: Parts) -> list[Finding]:
    if not parts.devices:
        return []
    from agent.devices.findings import look_at  # noqa: PLC0415 — most agents have no devices

    return await look_at(parts.devices, parts.config.devices.concurrency)


async def _sensor(config: AgentConfig) -> list[Finding]:
    if not config.sensor.interfaces:
        return []
    from agent.sensor.checking import look_at  # noqa: PLC0415 — nor do most have a sensor

    return await look_at(options_of(config))


async def watcher(word: str, one: Watcher) -> list[Finding]:
    """Return whether the system tells the watcher anything."""
    part = f"[watchers.{word}]"
    try:
        async with asyncio.timeout(WATCHER_WITHIN_S), aclosing(one.watch("check")) as told:  # type: ignore[type-var]
            async for _ in told:
                break
    except NotPermitted as error:
        return [Finding(part, "rights", str(error))]
    except TimeoutError:
        pass
    except (MonitorError, OSError) as error:
        return [Finding(part, "broken", str(error) or type(error).__name__)]
    return [Finding(part, "works", "the system tells it of changes")]


def spool(config: AgentConfig, runs: str) -> Finding:
    """Return whether readings can be kept; makes no folder: it might belong to the wrong user."""
    folder = config.spool.folder
    if runs:
        return Finding("[spool]", "works", f"{folder} is in use by the agent with pid {runs}")
    # Not Path.exists(): that raises where this user may not even look.
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))  # noqa: PTH110
    room = f"let the agent's user write there, or change [spool] folder ({folder})"
    try:
        if there == folder:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"\0")
                file.flush()
                os.fsync(file.fileno())
        elif not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
            return Finding("[spool]", "broken", f"{there} cannot be written", room)
        free = shutil.disk_usage(there).free // 1_000_000
    except OSError as error:
        return Finding("[spool]", "broken", f"{there} cannot be written: {error.strerror}", room)
    if free < config.spool.max_mb:
        text = f"{folder}: the disk has {free} MB free, and max_mb is {config.spool.max_mb}"
        return Finding("[spool]", "note", text, "make room, or set max_mb to what there is")
    return Finding("[spool]", "works", f"{folder} can be written, {free} MB are free")


def witness(config: AgentConfig) -> list[Finding]:
    """Return what is held of the collector's audit log, and whether that log is what it was."""
    folder = config.spool.folder / FOLDER
    try:
        logs = read_held(folder)
    except (OSError, DecodeError, NoteError) as error:
        return [Finding("audit log", "broken", f"{folder / HELD} cannot be read: {error}")]
    found = []
    for origin, held in logs.items():
        text = f"{origin}: {held.checkpoint().size} rows are held since {clock.rfc3339(held.at)}"
        if held.trouble:
            text = f"{origin} is not what it was: {held.why}"
            do = f"tell the auditor; schoolwatch agent witness shows the evidence in {folder}"
            found.append(Finding("audit log", "broken", text, do))
        elif not held.pinned:
            do = f"compare it with the collector's, and write audit_key = {held.key!r}"
            found.append(Finding("audit log", "look", f"{text}, by the first key that came", do))
        else:
            found.append(Finding("audit log", "works", text))
    return found


def time_here() -> Finding:
    """Return whether the clock of this machine can be right at all."""
    now = clock.rfc3339(clock.now())
    if clock.plausible(clock.now()):
        return Finding("clock", "works", f"it says {now}")
    return Finding("clock", "broken", f"it says {now}", checkbroker.SET_CLOCK)


def around(config: AgentConfig) -> list[Finding]:
    """Return what the words of target lists stand for here."""
    found, names = Surroundings(config.broker.host), ("gateway", "gateway6", "resolvers")
    words = []
    for name in found.names(names):
        try:
            words.append(f"{name} = {found.host(name)}")
        except MonitorError as error:
            words.append(str(error))
    cards = ", ".join(name for _, name in socket.if_nameindex())
    return [Finding("network", "note", "; ".join([*words, f"interfaces {cards}"]))]


def user() -> list[Finding]:
    """Say that root may do more than the agent will, where root asks."""
    if not hasattr(os, "geteuid") or os.geteuid():
        return []
    do = (
        "ask again as the user that the agent runs as: runuser -u USER -- schoolwatch agent check …"
    )
    return [Finding("user", "note", "root may do what the agent need not be allowed", do)]


def left_out(config: AgentConfig) -> list[Finding]:
    """Name what is on by default, and off by this file."""
    missing = [word for word in probes_base.by_default if word not in config.words()]
    if not missing:
        return []
    text = f"off, though on where the file names no probe: {', '.join(missing)}"
    return [Finding("[probes]", "note", text, f"[probes.{missing[0]}] switches it on")]


def about(job: Job) -> str:
    """Return the first sentence of the probe's module: what it measures."""
    text = importlib.import_module(type(job.probe).__module__).__doc__ or job.word
    sentence = text.partition("\n")[0].rstrip(".")
    return sentence[:1].lower() + sentence[1:]
