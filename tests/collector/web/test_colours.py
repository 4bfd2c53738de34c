"""Contrast of the page's colours: WCAG AA asks for 4.5 to 1, in both schemes."""

import re

import pytest

from collector.web.app import STATIC

RED_GREEN_BLUE = (0.2126, 0.7152, 0.0722)
STATES = ("up", "degraded", "down", "unknown", "stopped", "never_seen")


def schemes() -> list[dict[str, str]]:
    """Return the colours of the light scheme, then of the dark one."""
    css = (STATIC / "style.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]


def brightness(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip(RED_GREEN_BLUE, linear))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((brightness(one), brightness(other)))
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, share: float, under: str) -> str:
    pairs = [(int(colour[i : i + 2], 16), int(under[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * one + (1 - share) * other):02x}" for one, other in pairs)


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark"])
def test_every_text_can_be_read(scheme: dict[str, str]) -> None:
    surface = scheme["surface"]
    pairs = [(name, ground) for name in ("text", "soft", "accent") for ground in ("bg", "surface")]
    found = {pair: contrast(scheme[pair[0]], scheme[pair[1]]) for pair in pairs}
    for state in STATES:
        chip = mixed(scheme[state], 0.14, surface)
        found[state, "chip"] = contrast(scheme[state], chip)
        found["soft", state] = contrast(scheme["soft"], mixed(scheme[state], 0.13, surface))
        found["on-state", state] = contrast(scheme["on-state"], scheme[state])
    found["accent", "chosen"] = contrast(scheme["accent"], mixed(scheme["accent"], 0.12, surface))
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark"])
def test_every_curve_can_be_seen(scheme: dict[str, str]) -> None:
    curves = [scheme[f"curve-{n}"] for n in range(6)]
    assert [colour for colour in curves if contrast(colour, scheme["surface"]) < 3] == []
