"""A small district written straight into the three databases, the same each time but for the clock.

Twelve schools in two regions, each with its own story (`LINES`); the first is told in every detail.
Raw points every 5 minutes for a day and a bit, hours for 32 days, days for 110, with the names of
`core.catalog` and of its rollups. `python -m tests.real.grafana` shows it in a browser.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from core.catalog import CATALOG
from core.clock import SECOND
from core.lineprotocol import encode
from core.types import Reading, Value
from tests.real.influx import RealInflux

MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
MIDNIGHT: Final = 16 * HOUR
"""When the district's day begins, UTC."""

RAW: Final = "schoolwatch"

Point = tuple[str, dict[str, str], dict[str, Value]]


@dataclass(frozen=True, slots=True)
class School:
    """One school; `state` is that of its line now, and was up until two hours ago."""

    region: str
    id: str
    name: str
    area: str
    type: str
    state: str = "up"
    cause: str = ""
    contracted: int = 500
    alerts: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def tags(self) -> dict[str, str]:
        return {"region": self.region, "school": self.id}


SCHOOLS: Final = (
    School("330106", "xihu-1", "西湖第一小学", "urban", "小学", contracted=1000),
    School("330106", "xihu-2", "西湖第二小学", "urban", "小学"),
    School("330106", "wensan", "文三街实验学校", "urban", "九年一贯制", alerts=(0, 0, 1, 2)),
    School("330106", "gudang", "古荡中学", "urban", "初中", "degraded", "loss", 500, (0, 1, 0, 0)),
    School("330106", "liuxia", "留下镇中心小学", "town", "小学"),
    School(
        "330106", "zhuantang", "转塘镇中学", "town", "初中", "down", "no_answer", 200, (1, 0, 1, 0)
    ),
    School("330106", "shuangpu", "双浦镇小学", "town", "小学", alerts=(0, 0, 0, 1)),
    School("330108", "puyan", "浦沿小学", "town", "小学", "unknown", "silent", 200, (0, 1, 0, 0)),
    School(
        "330108", "longwu", "龙坞乡村小学", "rural", "小学", "down", "carrier", 100, (1, 1, 0, 0)
    ),
    School("330108", "lingshan", "灵山教学点", "rural", "教学点", "never_seen", "unproven", 100),
    School("330108", "waitong", "外桐坞小学", "rural", "小学", alerts=(0, 1, 0, 0), contracted=100),
    School("330108", "cikeng", "慈坑村小学", "rural", "小学", "stopped", "all_stopped", 100),
)
FIRST: Final = SCHOOLS[0]
WITH_AGENTS: Final = tuple(one for one in SCHOOLS if one.state != "never_seen")
TROUBLE_S: Final = 2 * 3600
"""For so long those that are not up have not been."""


def wave(at: int, low: float, high: float, period_s: float = 86_400, shift: float = 0) -> float:
    """Return a value that swings between *low* and *high*, as a school's day does."""
    turn = 2 * math.pi * (at / SECOND / period_s + shift)
    ripple = 0.18 * math.sin(turn * 7.3) + 0.12 * math.sin(turn * 23.1)
    return low + (high - low) * min(1.0, max(0.0, (1 - math.cos(turn)) / 2 + ripple))


def fill(server: RealInflux, bucket: str, now: int) -> None:
    """Make *bucket* and its rollups on *server*, and fill them."""
    parts = {bucket: day_raw(now), f"{bucket}_1h": hours(now), f"{bucket}_1d": days(now)}
    for name, lines in parts.items():
        server.make_bucket(name)
        rows = lines.split(b"\n")
        for start in range(0, len(rows), 20_000):
            status, said = server.write(name, b"\n".join(rows[start : start + 20_000]))
            assert status == 204, said


def day_raw(now: int) -> bytes:
    """Return 26 hours of raw lines up to *now*."""
    begin = now - 26 * HOUR
    steps = range(begin, now + 1, 5 * MINUTE)
    lines = [line for at in steps for line in lines_of(everything(at, now), at)]
    lines += [line for at in steps for line in lines_of(indicators(at, "live"), at)]
    lines += [line for at in range(begin, now + 1, 30 * MINUTE) for line in events(at)]
    lines += [
        line for at in range(now - HOUR, now + 1, MINUTE) for line in lines_of(canary(at), at)
    ]
    return b"\n".join(lines)


def hours(now: int, days: int = 32) -> bytes:
    """Return the hourly rollups of *days*, the last one that of the hour before this."""
    end = now // HOUR * HOUR
    steps = range(end - days * DAY, end, HOUR)
    return b"\n".join(line for at in steps for line in lines_of(rolled(kept(at, now), 3600), at))


def days(now: int, count: int = 110) -> bytes:
    """Return the daily rollups, and the indicators of each day and month."""
    today = (now - MIDNIGHT) // DAY * DAY + MIDNIGHT
    steps = range(today - count * DAY, today + 1, DAY)
    lines = [line for at in steps for line in lines_of(rolled(kept(at, now), 86_400), at)]
    lines += [line for at in steps for line in lines_of(indicators(at, "day"), at)]
    months = range(today - 90 * DAY, today + 1, 30 * DAY)
    lines += [line for at in months for line in lines_of(indicators(at, "month"), at)]
    # Written again when less was known: the percentage of before stays in the point.
    fell = [
        (name, tags, {**fields, "completeness": 80.0})
        for name, tags, fields in indicators(months[-1], "month")
    ]
    lines += lines_of(fell, months[-1])
    return b"\n".join(lines)


def lines_of(points: Iterable[Point], at: int) -> Iterator[bytes]:
    """Return *points* as lines."""
    return (encode(Reading(name, fields, at, tags)) for name, tags, fields in points)


def everything(at: int, now: int) -> Iterator[Point]:
    """Return every series of the district at *at*."""
    yield from kept(at, now)
    for school in SCHOOLS[1:]:
        if school.state != "never_seen":
            yield from agent_points(school, at, now)


def kept(at: int, now: int) -> Iterator[Point]:
    """Return those that are rolled up: of the agents the first, the others would be the same."""
    for school in SCHOOLS:
        yield school_point(school, at, now)
    yield from agent_points(FIRST, at, now)
    yield from line_points(FIRST, at)
    yield from machine_points(at)
    yield from server_points(at)
    yield from own_points(at)


def troubled(school: School, at: int, now: int) -> bool:
    """Tell whether *school* has its trouble at *at*: lately, and each tenth day for some hours."""
    before = at % (10 * DAY) < 3 * HOUR and school.area == "rural"
    return school.state not in ("up", "never_seen") and (now - at < TROUBLE_S * SECOND or before)


def school_point(school: School, at: int, now: int) -> Point:
    """Return what the collector says of *school*."""
    trouble = school.state == "never_seen" or troubled(school, at, now)
    state = school.state if trouble else "up"
    known = state in ("up", "degraded", "down")
    fields: dict[str, Value] = {
        "name": school.name,
        "state": state,
        "cause": school.cause if trouble else "",
        "known": int(known),
        "counts": 1,
        "school_time": int(0 <= at % DAY < 10 * HOUR),
        "agents": int(school.state != "never_seen"),
        "agents_up": int(state in ("up", "degraded")),
        "agents_unknown": int(state in ("unknown", "down")),
        "contracted_mbps": float(school.contracted),
        "target_mbps": 100.0,
    }
    if known:
        fields["up"] = int(state != "down")
    fields |= {f"alerts_p{n}": count * trouble or 0 for n, count in enumerate(school.alerts, 1)}
    if school.state == "up":
        fields |= {f"alerts_p{n}": count for n, count in enumerate(school.alerts, 1)}
    return "school", school.tags | {"area": school.area, "type": school.type}, fields


def agent_points(school: School, at: int, now: int) -> Iterator[Point]:
    """Return what each school's agent says, and the ledger of it."""
    number = SCHOOLS.index(school)
    tags = school.tags | {"agent": "gw"}
    silent = troubled(school, at, now) and school.state != "degraded"
    batches = at // (30 * SECOND) % 1_000_000
    waiting = 400 if silent else number % 3
    ledger: dict[str, Value] = {
        "batches": batches,
        "missing": 4 if number == 6 else 0,
        "explained": 20 if number == 3 else 0,
        "waiting": waiting,
        "silent_s": TROUBLE_S - (now - at) // SECOND + 30 if silent else 20 + number,
    }
    yield "ledger", tags, ledger
    if silent:
        return
    loss = 8.0 if troubled(school, at, now) else max(0.0, wave(at, -0.6, 0.5, 7_000, number / 9))
    delay = wave(at, 6 + number, 18 + 2 * number)
    ping: dict[str, Value] = {
        "packets_transmitted": 10,
        "packets_received": 10 - round(loss / 10),
        "result_code": 0,
        "percent_packet_loss": loss,
        "average_response_ms": delay,
        "jitter_ms": delay / 9,
    }
    yield "ping", tags | {"url": "gateway"}, ping | {"average_response_ms": delay / 10}
    yield "ping", tags | {"url": "www.eduyun.cn"}, ping
    measured = wave(at, 5, school.contracted * 0.8, 86_400, 0.2)
    proven = school.contracted >= 200
    band: dict[str, Value] = {
        "recv_mbit_s": measured,
        "sent_mbit_s": measured / 6,
        "peak_recv_mbit_s": school.contracted * (0.9 if proven else 0.4),
        "peak_sent_mbit_s": school.contracted * 0.3,
        "p95_recv_mbit_s": school.contracted * 0.6,
        "p95_sent_mbit_s": school.contracted * 0.2,
        "measured_mbit_s": school.contracted * (0.9 if proven else 0.4),
        "contracted_mbit_s": float(school.contracted),
        "target_mbit_s": 100.0,
        "port_mbit_s": 1000.0,
        "p95_of_contract_percent": 60.0 + number,
        "target_proven": proven,
        "known_s": 600_000,
    }
    yield "bandwidth", tags | {"uplink": "wan"}, band
    agent: dict[str, Value] = {
        "version": "0.1.0",
        "uptime_s": 86_400 * 3 + at // SECOND % 86_400,
        "probe_errors": number // 4,
        "probe_overruns": 0,
        "readings_refused": 0,
        "spool_batches": waiting,
        "spool_bytes": waiting * 9_000,
        "batches_dropped": 20 if number == 3 else 0,
        "clock_offset_ms": 1800.0 if number == 4 else 3.5 * number - 12,
    }
    yield "agent", tags, agent


def line_points(school: School, at: int) -> Iterator[Point]:
    """Return the uplinks of *school*, one in use and one beside it."""
    tags = school.tags | {"agent": "gw"}
    for name, kind, active in (("wan", "fibre", 1), ("backup", "5g", 0)):
        fields: dict[str, Value] = {
            "active": active,
            "up": 1,
            "has_route": 1,
            "metric": 100 + 100 * (1 - active),
            "metered": 1 - active,
            "contracted_mbps": float(school.contracted) if active else 50.0,
        }
        yield "uplink", tags | {"uplink": name, "link_type": kind}, fields


def machine_points(at: int) -> Iterator[Point]:
    """Return the machine of the first school, every figure of it."""
    tags = FIRST.tags | {"agent": "gw"}
    busy = wave(at, 6, 70)
    cpu: dict[str, Value] = {
        "usage_user": busy * 0.7,
        "usage_system": busy * 0.2,
        "usage_iowait": busy * 0.06,
        "usage_softirq": busy * 0.04,
        "usage_steal": 0.0,
        "usage_nice": 0.0,
        "usage_irq": 0.0,
        "usage_idle": 100 - busy,
    }
    yield "cpu", tags | {"cpu": "cpu-total"}, cpu
    total = 8 * 2**30
    used = wave(at, 30, 62)
    memory: dict[str, Value] = {"total": total, "available": int(total * (1 - used / 100))}
    yield "mem", tags, memory | {"used_percent": used}
    yield "swap", tags, {"total": 2 * 2**30, "used": 2**27, "used_percent": 6.2}
    load: dict[str, Value] = {"load1": busy / 25, "load5": busy / 28, "load15": busy / 30}
    yield "system", tags, load | {"n_cpus": 4, "uptime": 864_000 + at // SECOND % 86_400}
    for path, percent in (("/", 47.3), ("/var", 91.5), ("/boot", 22.1)):
        disk: dict[str, Value] = {
            "total": 120 * 10**9,
            "free": int(120e7 * (100 - percent)),
            "used": int(120e7 * percent),
            "used_percent": percent,
            "inodes_used_percent": 11.0,
        }
        yield "disk", tags | {"path": path, "device": "sda1", "fstype": "ext4", "mode": "rw"}, disk
    for interface, share in (("eth0", 1.0), ("eth1", 0.1)):
        net: dict[str, Value] = {
            "bits_recv_per_s": wave(at, 2e6, 6e8) * share,
            "bits_sent_per_s": wave(at, 1e6, 9e7) * share,
            "err_in_per_s": 0.0,
            "err_out_per_s": 0.0,
            "drop_in_per_s": 0.2 * share,
            "drop_out_per_s": 0.0,
            "speed": 1000,
            "carrier": True,
            "up": True,
            "duplex": "full",
        }
        yield "net", tags | {"interface": interface}, net
    for sensor, low in (("coretemp_package_id_0", 45), ("nvme_composite", 38)):
        yield "temp", tags | {"sensor": sensor}, {"temp": wave(at, low, low + 19)}
    counts: dict[str, Value] = {"running": 2, "blocked": 0, "zombies": 1, "total": 212}
    yield "processes", tags, counts | {"sleeping": 150, "total_threads": 600, "stopped": 0}


def server_points(at: int) -> Iterator[Point]:
    """Return what the servers answered that the first school needs."""
    tags = FIRST.tags | {"agent": "gw"}
    fine = at % (6 * HOUR) > 20 * MINUTE
    for server in ("https://www.eduyun.cn", "https://basic.smartedu.cn"):
        good = fine or "eduyun" in server
        page: dict[str, Value] = {
            "verdict": "ok" if good else "timeout",
            "success": int(good),
            "result_code": 0 if good else 4,
            "http_response_code": 200,
            "resolve_ms": wave(at, 3, 9),
            "connect_ms": wave(at, 8, 20),
            "tls_ms": wave(at, 15, 40),
            "first_byte_ms": wave(at, 30, 120),
            "total_ms": wave(at, 60, 240),
        }
        yield "http_response", tags | {"server": server, "method": "GET"}, page
    for server in ("resolver-1", "223.5.5.5"):
        name = {"server": server, "domain": "www.eduyun.cn", "record_type": "A"}
        answer: dict[str, Value] = {"verdict": "ok", "success": 1, "result_code": 0}
        yield "dns_query", tags | name, answer | {"query_time_ms": wave(at, 4, 28), "answers": 2}
    cert: dict[str, Value] = {"verdict": "ok", "verification_code": 0, "days_left": 21}
    yield "x509_cert", tags | {"source": "www.eduyun.cn"}, cert
    clock: dict[str, Value] = {"result_code": 0, "grade": 0, "stratum": 2}
    yield "sntp", tags | {"server": "ntp.ntsc.ac.cn"}, clock | {"offset_ms": wave(at, -6, 9)}
    address: dict[str, Value] = {"verdict": "ok", "success": 1, "address": "198.51.100.7"}
    yield (
        "public_address",
        tags | {"server": "myip"},
        address | {"address_class": "public", "ip_version": 4, "changed": False},
    )


CANARY: Final = {"region": "330106", "school": "schoolwatch", "agent": "canary"}


def own_points(at: int) -> Iterator[Point]:
    """Return what collector and watchdog say of themselves."""
    minute = at // MINUTE % 1_000_000
    did: dict[str, Value] = {
        "messages": minute * 240,
        "batches": minute * 220,
        "repeated": minute * 3,
        "lines_stored": minute * 9_000,
        "lines_refused": minute // 40,
        "dead_letters": minute // 900,
    }
    more: dict[str, Value] = {
        "ready": 1,
        "store_ms": wave(at, 8, 35),
        "quarantined": 0,
        "backlog_batches": 40,
        "refused_tags": 0,
        "dropped": 20,
    }
    known = CATALOG["collector"].fields
    fields = did | {name: value for name, value in more.items() if name in known}
    yield "collector", {"collector": "district-1"}, fields


def canary(at: int) -> Iterator[Point]:
    """Return what the watchdog sends."""
    yield "canary", CANARY, {"number": at // MINUTE % 1_000_000}


TARGETS: Final = {"I-01": 100.0, "I-03": 99.5, "I-04": 99.92, "I-20": 99.0}


def indicators(at: int, window: str) -> Iterator[Point]:
    """Return the targets; that of the bandwidth is unproven in most of the rural schools."""
    for region in ("all", "330106", "330108"):
        for area in ("all", "urban", "town", "rural"):
            there = [
                one
                for one in SCHOOLS
                if region in ("all", one.region) and area in ("all", one.area)
            ]
            for indicator, target in TARGETS.items():
                tags = {"region": region, "indicator": indicator, "area": area, "window": window}
                yield "indicator", tags, shares(indicator, there, target, at)


def shares(indicator: str, schools: list[School], target: float, at: int) -> dict[str, Value]:
    """Return the counts of *schools*, and the share where enough is known."""
    total = len(schools)
    down = sum(one.state == "down" for one in schools)
    unknown = sum(one.state in ("unknown", "never_seen", "stopped") for one in schools)
    swing = wave(at, 0, 1.5, 6 * 86_400)
    rural = sum(one.area == "rural" for one in schools) / max(1, total)
    met, unproven = total - down - unknown, unknown
    if indicator == "I-04":
        unproven = sum(one.contracted < 200 for one in schools)
        met = total - unproven - (total > 8)
    value = {
        "I-01": 100.0 * met / max(1, total - unproven),
        "I-03": 99.9 - swing - 2 * rural,
        "I-04": 100.0 * met / max(1, total),
        "I-20": 99.95 - swing / 2 - rural,
    }[indicator]
    completeness = 100.0 - 9 * rural if total else 0.0
    fields: dict[str, Value] = {
        "numerator": float(met),
        "denominator": float(total),
        "completeness": round(completeness, 2),
        "met": met,
        "not_met": total - met - unproven,
        "unproven": unproven,
        "total": total,
        "target": target,
    }
    if completeness >= 90 and total:
        fields["value"] = round(value, 2)
    return fields


def events(at: int) -> Iterator[bytes]:
    """Return a link that goes and comes, and a full disk."""
    number = at // (30 * MINUTE)
    kind, code, severity, target = (
        ("link_down", "EV-NET-LINK", "P2", "eth0"),
        ("disk_full", "EV-SYS-DISK", "P3", "/var"),
    )[number % 2]
    fields: dict[str, Value] = {
        "word": kind,
        "active": number % 4 < 2,
        "severity": severity,
        "target": target,
        "subject": "",
        "row": number % 1000,
    }
    tags = FIRST.tags | {"agent": "gw", "kind": kind, "code": code}
    return lines_of([("event", tags, fields)], at)


def rolled(points: Iterable[Point], seconds: int) -> Iterator[Point]:
    """Return the rollups of points that stand for a whole window."""
    for name, tags, fields in points:
        rollup: dict[str, Value] = {}
        for field, value in fields.items():
            rollup |= {f"{field}_last": value, f"{field}_count": seconds // 300}
            rollup[f"{field}_known"] = float(seconds)
            if isinstance(value, bool | int | float):
                rollup[f"{field}_mean"] = float(value)
            if isinstance(value, int | float) and not isinstance(value, bool):
                rollup |= {f"{field}_min": value, f"{field}_max": value}
        yield name, tags, rollup
