"""More of what the probes of a school read: what changes little, beside `simulator.series`.

The same holds of every function: each number rises or falls with `x` and with time.
"""

from typing import Final

from core.types import Value
from simulator.conditions import Conditions
from simulator.series import DAY_S, GB, OUTWARD, Fields, Series

SWAP: Final = 2 * GB
RENEWED_EVERY_S: Final = 60 * DAY_S
VALID_S: Final = 90 * DAY_S


def swap(low: float) -> Series:
    """Return a swap of which at least *low* percent are in use."""

    def read(x: float, _: int, __: Conditions) -> Fields:
        percent = round(low + 5 * x, 2)
        used = int(SWAP * percent / 100)
        return {"used": used, "free": SWAP - used, "used_percent": percent}

    return Series("swap", {}, {"total": SWAP}, read)


def processes(usual: int) -> Series:
    """Return how many programs run: *usual* where nobody does anything."""

    def read(x: float, _: int, __: Conditions) -> Fields:
        running, sleeping = 1 + round(4 * x), usual + round(40 * x)
        idle = usual // 3
        return {
            "running": running,
            "sleeping": sleeping,
            "idle": idle,
            "total": running + sleeping + idle,
            "total_threads": 3 * (running + sleeping) + idle,
        }

    static: Fields = {"blocked": 0, "zombies": 0, "dead": 0, "stopped": 0, "unknown": 0}
    return Series("processes", {}, static, read)


def temp(sensor: str, cool: float, warmer: float) -> Series:
    """Return a sensor that reads *cool* °C, and *warmer* by so much when all is busy."""

    def read(x: float, _: int, __: Conditions) -> Fields:
        return {"temp": round(cool + warmer * x, 1)}

    return Series("temp", {"sensor": sensor}, {}, read)


def certificate(source: str) -> Series:
    """Return the certificate of a server, renewed every two months at midnight (UTC)."""

    def read(_: float, at: int, now: Conditions) -> Fields:
        if not now.outward:
            return {"verdict": "connect_timeout", "verification_code": 1}
        if not now.names:
            return {"verdict": "resolve_failed", "verification_code": 1}
        renewed = at - at % RENEWED_EVERY_S
        fields: dict[str, Value] = {
            "verdict": "ok",
            "verification_code": 0,
            "startdate": renewed,
            "enddate": renewed + VALID_S,
            "age": at - renewed,
            "expiry": renewed + VALID_S - at,
            "days_left": (renewed + VALID_S - at) // DAY_S,
        }
        return fields

    return Series("x509_cert", {"source": source}, {}, read, (*OUTWARD, "names"))
