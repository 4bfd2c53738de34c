"""What the probes of a school read, series by series, from how busy it is and what is wrong.

Every function gets `x`, from 0 to 1 how busy the thing is, the time in seconds since 1970 and the
`Conditions`; each number of its result rises or falls with `x` and with time, never both ways, so
that the extremes of an hour are those of its ends.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from core.types import Value
from simulator.conditions import Conditions
from simulator.lines import LineKind

Fields = dict[str, Value]
Read = Callable[[float, int, Conditions], Fields]

PLATFORM_SLOW_MS: Final = 3_000
PLATFORM_TIMEOUT_MS: Final = 10_000
PLATFORM_HOST: Final = "basic.smartedu.cn"
NATIONAL: Final = f"https://{PLATFORM_HOST}/"
PROVINCE: Final = "https://platform.example.edu.cn/"
OUTSIDE: Final = "platform"
"""What is pinged beyond the line; the gateway is the other target."""
GATEWAY: Final = "gateway"
INTERFACE: Final = "eth0"
DISK: Final = "/"
MAIN: Final = "main"
BACKUP: Final = "backup"
GB: Final = 1_000_000_000
DAY_S: Final = 86_400
OUTWARD: Final = ("line", "port")
"""Of the conditions: what decides whether anything gets out of a school with electricity."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series: `static` never changes, `read` gives the rest; `minds` of the conditions.

    `grows` says that time itself makes a difference: what is read in one hour is not in another.
    """

    measurement: str
    tags: Mapping[str, str]
    static: Fields
    read: Read
    minds: tuple[str, ...] = ()
    grows: bool = False


def cpu(heft: float) -> Series:
    """Return a processor that is `heft` times as busy as another."""

    def read(x: float, _: int, __: Conditions) -> Fields:
        user, system = round(3 + 62 * heft * x, 1), round(1.2 + 14 * heft * x, 1)
        wait = round(0.2 + 2.5 * x, 1)
        idle = round(100 - user - system - wait, 1)
        return {
            "usage_user": user,
            "usage_system": system,
            "usage_idle": idle,
            "usage_iowait": wait,
        }

    return Series("cpu", {"cpu": "cpu-total"}, {}, read)


def mem(total: int, low: float) -> Series:
    """Return a memory of which at least *low* percent are in use."""

    def read(x: float, _: int, __: Conditions) -> Fields:
        percent = round(low + 28 * x, 2)
        used = int(total * percent / 100)
        return {
            "available": total - used,
            "used": used,
            "used_percent": percent,
            "available_percent": round(100 - percent, 2),
        }

    return Series("mem", {}, {"total": total}, read)


def disk(total: int, low: float, since: int) -> Series:
    """Return a disk that was *low* percent full at *since* (s) and fills by a bit each day."""
    inodes = total // 16_384

    def read(_: float, at: int, now: Conditions) -> Fields:
        grown = low + min(18.0, (at - since) / DAY_S * 0.03)
        percent = round(max(grown, now.disk), 2)
        used = int(total * percent / 100)
        return {
            "free": total - used,
            "used": used,
            "used_percent": percent,
            "inodes_used_percent": round(percent / 4, 2),
        }

    tags = {"path": DISK, "device": "sda1", "fstype": "ext4", "mode": "rw"}
    return Series("disk", tags, {"total": total, "inodes_total": inodes}, read, ("disk",), True)


def net(port: int, rate: float, carried: Callable[[int, Conditions], float]) -> Series:
    """Return an interface of *port* Mbit/s; *rate* is what it receives when all is busy.

    *carried* tells how many busy hours it has counted.
    """

    def read(x: float, at: int, now: Conditions) -> Fields:
        received = int(rate * 1e6 / 8 * 3_600 * carried(at, now))
        link = now.port
        return {
            "bytes_sent": received // 6,
            "bytes_recv": received,
            "packets_sent": received // 2_400,
            "packets_recv": received // 950,
            "carrier": link,
            "bits_recv_per_s": round(rate * 1e6 * x) * 1.0 if link else 0.0,
            "bits_sent_per_s": round(rate * 1e6 * x / 6) * 1.0 if link else 0.0,
        }

    static: Fields = {
        "err_in": 0,
        "err_out": 0,
        "drop_in": 0,
        "drop_out": 0,
        "speed": port,
        "duplex": "full",
        "mtu": 1500,
        "up": True,
        "err_in_per_s": 0.0,
        "drop_in_per_s": 0.0,
    }
    return Series("net", {"interface": INTERFACE}, static, read, ("port", "booted"), grows=True)


def bandwidth(contracted: int, target: int, measured: float, port: int) -> Series:
    """Return what an uplink carries that was seen to carry *measured* Mbit/s at most."""

    def read(x: float, _: int, now: Conditions) -> Fields:
        x = min(1.0, x + now.busy) if now.outward else 0.0
        return {
            "recv_mbit_s": round(measured * 0.85 * x, 2),
            "sent_mbit_s": round(measured * 0.14 * x, 2),
        }

    static: Fields = {
        "peak_recv_mbit_s": round(measured, 2),
        "peak_sent_mbit_s": round(measured * 0.3, 2),
        "p95_recv_mbit_s": round(measured * 0.72, 2),
        "p95_sent_mbit_s": round(measured * 0.12, 2),
        "measured_mbit_s": round(measured, 2),
        "port_mbit_s": float(port),
        "contracted_mbit_s": float(contracted),
        "target_mbit_s": float(target),
        "p95_of_contract_percent": round(72 * measured / contracted, 2),
        "target_proven": proven(measured, target),
        "known_s": 7 * DAY_S,
    }
    return Series("bandwidth", {"uplink": MAIN}, static, read, (*OUTWARD, "busy"))


def proven(measured: float, target: int) -> bool:
    """Tell whether *measured* reaches the target within 5 % (I-04)."""
    return measured >= 0.95 * target


def ping(url: str, delay: float, jitter: float, loss: float, strain: float) -> Series:
    """Return echoes of something that is *delay* ms away; the gateway's need no line."""
    beyond = url == OUTSIDE

    def read(x: float, _: int, now: Conditions) -> Fields:
        lost = (now.loss if beyond else 0.0) + (loss * x if beyond else 0.0)
        if (beyond and not now.outward) or not (now.port or now.backup) or lost >= 100:
            return {"result_code": 2, "packets_received": 0, "percent_packet_loss": 100.0}
        x = min(1.0, x + now.busy)
        mean = delay + strain * delay * x * x + (now.delay if beyond else 0.0)
        spread = jitter * (1 + 2 * x)
        return {
            "result_code": 0,
            "packets_received": max(1, round(5 * (1 - lost / 100))),
            "percent_packet_loss": round(lost, 2),
            "ttl": 54 if beyond else 64,
            "minimum_response_ms": round(mean - spread * 0.6, 3),
            "average_response_ms": round(mean, 3),
            "maximum_response_ms": round(mean + spread * 1.4, 3),
            "jitter_ms": round(spread, 3),
        }

    minds = (*OUTWARD, "loss", "delay", "busy") if beyond else ("port", "busy")
    return Series("ping", {"url": url}, {"packets_transmitted": 5}, read, minds)


def dns(delay: float) -> Series:
    """Return questions to the provider's name server."""

    def read(x: float, _: int, now: Conditions) -> Fields:
        if not (now.outward and now.names):
            return {"verdict": "no_answer", "success": 0, "result_code": 1}
        return {
            "verdict": "ok",
            "success": 1,
            "result_code": 0,
            "rcode_value": 0,
            "query_time_ms": round(delay * (1 + x / 2) + now.delay + 2, 2),
            "answers": 2,
            "ttl_s": 300,
        }

    tags = {"server": "resolver-1", "domain": PLATFORM_HOST, "record_type": "A"}
    minds = (*OUTWARD, "names", "delay")
    return Series("dns_query", tags, {"strays": 0, "tcp": False}, read, minds)


def http(server: str, kind: LineKind, far: float) -> Series:
    """Return a page of a platform that lies *far* ms behind the line."""

    def read(x: float, _: int, now: Conditions) -> Fields:
        wait = now.platform if server == NATIONAL else 0.0
        if not now.names:
            return {"verdict": "resolve_failed", "success": 0, "result_code": 5}
        if not now.outward:
            return {"verdict": "connect_timeout", "success": 0, "result_code": 4}
        if wait >= PLATFORM_TIMEOUT_MS:
            return {"verdict": "no_first_byte", "success": 0, "result_code": 4}
        way = kind.delay * (1 + kind.strain * x * x) + far + now.delay
        first, total = 1.6 * way + 20 + wait, 4.6 * way + 60 + wait
        return {
            "verdict": "slow" if total > PLATFORM_SLOW_MS else "ok",
            "success": 1,
            "result_code": 0,
            "http_response_code": 200,
            "response_time": round((3.6 * way + 20 + wait) / 1000, 4),
            "resolve_ms": round(2 + way * 0.2, 2),
            "connect_ms": round(way, 2),
            "tls_ms": round(1.4 * way + 4, 2),
            "first_byte_ms": round(first, 2),
            "total_ms": round(total, 2),
        }

    minds = (*OUTWARD, "names", "delay", "platform")
    return Series("http_response", {"server": server, "method": "GET"}, {}, read, minds)


def system(cpus: int, booted: Callable[[int, Conditions], int]) -> Series:
    """Return load and uptime of a machine."""

    def read(x: float, at: int, now: Conditions) -> Fields:
        load = cpus * x * 0.8
        return {
            "load1": round(load, 2),
            "load5": round(load * 0.95, 2),
            "load15": round(load * 0.9, 2),
            "uptime": at - booted(at, now),
            "boot_time": booted(at, now),
        }

    return Series("system", {}, {"n_cpus": cpus}, read, ("booted",), grows=True)


def uplink(name: str, kind: LineKind, contracted: int) -> Series:
    """Return one uplink; a second one takes over where the port of the main one has no link."""

    def read(_: float, __: int, now: Conditions) -> Fields:
        main = name == MAIN
        works = now.port if main else True
        active = works if main else not now.port
        return {"active": int(active), "up": int(works), "has_route": int(works)}

    static: Fields = {
        "metric": 100 if name == MAIN else 200,
        "metered": int(kind.metered),
        "contracted_mbps": float(contracted),
    }
    return Series("uplink", {"uplink": name, "link_type": kind.tag}, static, read, ("port",))


def sntp(off: float) -> Series:
    """Return what a time server says of a clock that is *off* ms ahead by itself."""

    def read(x: float, _: int, now: Conditions) -> Fields:
        if not now.outward:
            return {"result_code": 2}
        ahead = round(off + now.clock + x, 2)
        return {
            "result_code": 0,
            "grade": (abs(ahead) > 1_000) + (abs(ahead) > 5_000),
            "stratum": 2,
            "leap": 0,
            "offset_ms": ahead,
            "error_ms": 12.0,
            "delay_ms": 9.0,
        }

    return Series("sntp", {"server": "ntp.aliyun.com"}, {}, read, (*OUTWARD, "clock"))


def agent(version: str, off: float, booted: Callable[[int, Conditions], int]) -> Series:
    """Return the agent's word about itself."""

    def read(_: float, at: int, now: Conditions) -> Fields:
        return {
            "uptime_s": at - booted(at, now),
            "clock_offset_ms": round(off + now.clock, 3),
        }

    static: Fields = {
        "version": version,
        "probe_errors": 0,
        "probe_overruns": 0,
        "readings_refused": 0,
        "persons_removed": 0,
        "spool_batches": 0,
        "batches_dropped": 0,
        "spool_bytes": 0,
    }
    return Series("agent", {}, static, read, ("clock", "booted"), grows=True)
