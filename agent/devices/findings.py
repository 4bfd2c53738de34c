"""What a check of the agent makes of one look at a device."""

import asyncio
from collections.abc import Sequence

from agent.devices.base import Sighting
from agent.devices.device import Device
from agent.devices.judging import failure
from agent.devices.looks import once
from core.causes import CAUSES
from core.devices import HEALTHY
from core.findings import Finding


async def look_at(devices: Sequence[Device], concurrency: int) -> list[Finding]:
    """Return what one look at each of *devices* says, so many at once."""
    turn = asyncio.Semaphore(concurrency)

    async def one(device: Device) -> Finding:
        async with turn:
            return await _look_at(device)

    return list(await asyncio.gather(*(one(device) for device in devices)))


async def _look_at(device: Device) -> Finding:
    part = f"[devices.{device.id}]"
    try:
        seen, wrong = await once(device)
    except Exception as error:  # noqa: BLE001 — one broken driver hides no other device
        return _of_failure(part, error)
    if wrong:
        do = "this is a mistake in the program: report it"
        return Finding(part, "broken", f"left out: {wrong[0]}", do)
    return of_sighting(part, seen)


def of_sighting(part: str, seen: Sighting) -> Finding:
    """Return what *seen* says of the device that the file has at *part*."""
    if seen.state in HEALTHY:
        return Finding(part, "works", ", ".join(_said(seen)))
    cause = CAUSES[seen.cause]
    text = ", ".join([f"{seen.state}: {cause.en}", *_said(seen)[1:]])
    return Finding(part, "look" if seen.state == "limited" else "broken", text, cause.try_en)


def _of_failure(part: str, error: BaseException) -> Finding:
    found, text = failure(error), str(error) or type(error).__name__
    if found.cause == "rights":
        return Finding(part, "rights", text, "without that it does not know how the device is")
    if found.cause == "failed":
        text = f"failed: {type(error).__name__}: {error}"
        return Finding(part, "broken", text, "this is a mistake in the program: report it")
    return Finding(part, "broken", text, CAUSES[found.cause].try_en)


def _said(seen: Sighting) -> list[str]:
    words: list[str] = [seen.state]
    if "on" in seen.fields:
        words.append("on" if seen.fields["on"] else "off")
    words += [str(seen.fields[name]) for name in ("profile", "model") if seen.fields.get(name)]
    if "answer_ms" in seen.fields:
        words.append(f"answered in {seen.fields['answer_ms']:g} ms")
    if seen.readings:
        words.append(f"{len(seen.readings)} more readings")
    return words
