"""The security sensor of a school, as its agent tells of it: schools in villages have none.

Half of the urban schools have a mirror port; the others see what is for them and for everybody.
"""

from collections.abc import Iterator

from agent.sensor.sight import UNSEEN
from simulator.chance import mix, unit
from simulator.conditions import Conditions
from simulator.district import School
from simulator.series import INTERFACE, Fields, Series


def has_sensor(school: School) -> bool:
    """Tell whether a sensor runs in *school*."""
    return school.area != "rural"


def sees_all(school: School) -> bool:
    """Tell whether its sensor hangs on a mirror port."""
    return school.area == "urban" and unit(school.seed, 80) < 0.5


def sensors(school: School) -> Iterator[Series]:
    """Yield what the agent of *school* reads of its sensor."""
    if has_sensor(school):
        yield _sensor(school)
        yield _census(school)
        yield _verdict(school)


def _sensor(school: School) -> Series:
    mirrored, rate = sees_all(school), 4 + 20 * unit(school.seed, 81)

    def read(x: float, at: int, now: Conditions) -> Fields:
        frames = int(rate * (at - now.booted)) % 2**40
        return {
            "frames": frames,
            "facts": int(frames * 1.6),
            "cpu_percent": round(0.4 + 3 * x * (3 if mirrored else 1), 1),
            "foreign_share": round(55 + 30 * x, 1) if mirrored else round(0.4 * x, 1),
        }

    static: Fields = {
        "dropped": 0,
        "malformed": 0,
        "forgotten": 0,
        "defects": 0,
        "bad_lines": 0,
        "mem_mb": 38.0,
        "sees": "all" if mirrored else "own",
        "blind": "" if mirrored else " ".join(UNSEEN),
        "promiscuous": mirrored,
    }
    return Series("sensor", {"interface": INTERFACE}, static, read, ("booted",), grows=True)


def _census(school: School) -> Series:
    most = 30 + school.classes * 4

    def read(x: float, _: int, __: Conditions) -> Fields:
        machines = round(most * (0.4 + 0.6 * x))
        return {"machines": machines, "random_macs": round(machines * 0.35)}

    static: Fields = {"infrastructure": 6 + school.played * 2}
    return Series("census", {"interface": INTERFACE}, static, read)


def _verdict(school: School) -> Series:
    each_day = 5 + mix(school.seed, 82) % 40

    def read(_: float, at: int, now: Conditions) -> Fields:
        return {"names": 5 + (at - now.booted) % 2_592_000 * each_day // 86_400}

    return Series("dns_verdict", {"category": "harmful"}, {}, read, ("booted",), grows=True)
