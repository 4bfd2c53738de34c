"""What of the schools' networks can be seen: attacks, sensors, firewalls, wireless, strangers."""

import hashlib
from typing import Any, Final

import msgspec

from alerts.targets.shares import percent_at_least
from collector.evidence.report.finding import Counted, Found, Gap
from collector.evidence.report.sources import Sources, Unread
from collector.roster import School
from collector.security.sensors import FORGET, HOLDS, Sensor
from core.alerts import Text
from core.clock import SECOND
from core.errors import StoreError
from core.shown import is_attack

UNAUTHORISED: Final = ("new_device", "rogue_dhcp")
WIRELESS: Final = ("rogue_ap",)
RULE_BASE: Final = ("firewall_expired", "firewall_silent")
FIELDS: Final = {
    "source": Text("攻击源", "source"),
    "type": Text("攻击类型", "type"),
    "target": Text("攻击目标", "target"),
    "time": Text("攻击时间", "time"),
}
FLOWS: Final = 900 * SECOND
MOST: Final = 20
"""Named of a kind; the figure counts all."""
LOOK_BACK: Final = 7 * 86_400 * SECOND


def intruders(sources: Sources) -> Found:
    """Devices that nobody authorised, as agents told of them."""
    log = sources.log
    count = log.count(*UNAUTHORISED)
    return Found(
        Text(f"私接类事件 {count} 条", f"{count} events of unauthorised devices"),
        log.counted(*UNAUTHORISED),
        _sensors_needed(sources),
        unknown=not _sensors(sources),
    )


def attacks(sources: Sources) -> Found:
    """Whether events of attacks have the four fields of 8.1.3.3."""
    log = sources.log
    lacking = [
        Gap(
            Text(
                f"{log.attacks} 条攻击事件中 {count} 条没有{FIELDS[name].zh}",
                f"{count} of {log.attacks} events of attacks have no {FIELDS[name].en}",
            ),
            Text(
                "查看这些事件来自哪个检测项（docs/detectors.md、docs/logs.md）",
                "see which detector or device they come from",
            ),
        )
        for name, count in sorted(log.attacks_lacking.items())
    ]
    kinds = [kind for kind in log.kinds if is_attack(kind)]
    return Found(
        Text(
            f"攻击事件 {log.attacks} 条，其中 {log.attacks_whole} 条四要素（源、类型、目标、时间）"
            "齐全",
            f"{log.attacks} events of attacks, {log.attacks_whole} with source, type, target and "
            "time",
        ),
        log.counted(*sorted(kinds)),
        lacking,
        unknown=not log.lines,
    )


def sensors(sources: Sources) -> Found:
    """At how many schools a sensor sees what happens (a share of the schools that count)."""
    there, schools = _sensors(sources), _schools(sources)
    sees = {one.key.of_school for one in there if _runs(one, sources) and not one.blind}
    blind = {one.key.of_school for one in there if _runs(one, sources)} - sees
    total = len(schools) or len({one.key.of_school for one in there})
    gaps = _sensors_needed(sources)
    if len(sees) < total:
        gaps.append(
            Gap(
                Text(
                    f"{total} 所学校中 {len(sees)} 所有完整视野的安全探针，{len(blind)} 所有盲区，"
                    f"{total - len(sees) - len(blind)} 所没有或停止",
                    f"of {total} schools {len(sees)} have a sensor that sees all, {len(blind)} a "
                    f"blind one, {total - len(sees) - len(blind)} none that runs",
                ),
                Text(
                    "在核心交换机上做端口镜像并启用探针（docs/sensor.md）",
                    "mirror the switch's uplink and switch the sensor on (docs/sensor.md)",
                ),
            )
        )
    query = "SELECT school, region, agent, interface FROM security_sensor ORDER BY 1, 2, 3, 4"
    counted = [sources.counted(query)]
    return Found(
        Text(
            f"安全探针在线：{len(sees)} / {total} 所学校（{percent(len(sees), total)}）",
            f"sensors that see all: {len(sees)} of {total} schools ({percent(len(sees), total)})",
        ),
        counted,
        gaps,
        unknown=not there,
    )


def rule_bases(sources: Sources) -> Found:
    """Firewalls whose rule base or licence is over, and those that fell silent."""
    log, devices = sources.log, _devices(sources)
    open_now = list(
        sources.rows(
            "SELECT number, rule, place FROM alert WHERE state IN ('firing', 'keeping') "
            "AND rule = 'firewall_expired' ORDER BY number"
        )
    )
    gaps = [
        Gap(
            Text(f"{place}：授权或特征库到期", f"{place}: licence or rule base is over"),
            Text("续期并更新特征库", "renew it, and update the rule base"),
            hole=True,
        )
        for _, _, place in open_now[:MOST]
    ]
    return Found(
        Text(
            f"有日志的安全设备 {len(devices)} 台，特征库或授权到期告警 {len(open_now)} 条未恢复",
            f"{len(devices)} devices with a log, {len(open_now)} open alerts of what is over",
        ),
        log.counted(*RULE_BASE),
        gaps,
        unknown=not devices,
    )


def foreign_logs(sources: Sources) -> Found:
    """Whether the logs of boundary devices flow; their rows never leave the school."""
    devices = _devices(sources)
    silent = sorted(name for name, said in devices.items() if said.get("silent"))
    lines = sum(int(said.get("lines", 0)) for said in devices.values())
    bad = sum(int(said.get("malformed", 0)) for said in devices.values())
    limited = sum(int(said.get("limited", 0)) for said in devices.values())
    gaps = [
        Gap(
            Text(f"设备 {name} 的日志中断", f"the log of {name} does not flow"),
            Text("检查设备的日志服务器设置和网络（docs/logs.md）", "see docs/logs.md"),
            hole=True,
        )
        for name in silent[:MOST]
    ]
    if limited:
        gaps.append(
            Gap(
                Text(f"{limited} 行来得太快，未检查", f"{limited} lines came too fast to be read"),
                Text(
                    "在设备上减少日志级别，或提高限额", "log less at the device, or raise the limit"
                ),
            )
        )
    if not devices:
        gaps.append(
            Gap(
                Text("没有边界设备的日志接入", "no boundary device sends its log"),
                Text(
                    "在采集端配置 [[logs.list]] 接收防火墙、上网行为管理的日志（docs/logs.md）",
                    "have agents take the logs of firewalls: [[logs.list]] (docs/logs.md)",
                ),
            )
        )
    gaps += _kept(sources, devices)
    return Found(
        Text(
            f"边界设备日志 {len(devices)} 台，{len(silent)} 台中断；收到 {lines} 行，"
            f"格式不符 {bad} 行",
            f"logs of {len(devices)} boundary devices, {len(silent)} silent; {lines} lines, {bad} "
            "malformed",
        ),
        [_stored("firewall_log", devices)],
        gaps,
        unknown=not devices,
    )


def _kept(sources: Sources, devices: dict[str, dict[str, Any]]) -> list[Gap]:
    """Return whose log does not go back six months, and of whose nobody can tell."""
    kept = _devices(sources, "log_kept")
    gaps = []
    for name, said in sorted(kept.items())[:MOST]:
        days = int(said.get("oldest_age_s", 0)) // 86_400
        if said.get("state") == "short":
            gaps.append(
                Gap(
                    Text(
                        f"设备 {name} 的日志只留存 {days} 天",
                        f"the log of {name} goes back {days} days only",
                    ),
                    Text("扩大留存空间，达到 184 天（docs/logs.md）", "give it room for 184 days"),
                    hole=True,
                )
            )
        if said.get("damaged"):
            gaps.append(
                Gap(
                    Text(
                        f"设备 {name} 有 {said['damaged']} 天的封存日志被改动或损坏",
                        f"{said['damaged']} sealed days of {name} are not as they were",
                    ),
                    Text("到该校查明原因（docs/logs.md）", "look into it at the school"),
                    hole=True,
                )
            )
    untold = [name for name in devices if "state" not in kept.get(name, {})]
    return [*gaps, *_untold(untold)]


def _untold(untold: list[str]) -> list[Gap]:
    if not untold:
        return []
    return [
        Gap(
            Text(
                f"{len(untold)} 台设备自身日志的最早记录无法从此处看到",
                f"of {len(untold)} devices nobody here can see the oldest record",
            ),
            Text(
                "在设备上核对留存不少于 184 天，并写入人工说明",
                "look at the device that it keeps 184 days, and write a statement",
            ),
        )
    ]


def wireless(sources: Sources) -> Found:
    """Access points that are not ours."""
    log = sources.log
    return Found(
        Text(
            f"非法接入点事件 {log.count(*WIRELESS)} 条",
            f"{log.count(*WIRELESS)} events of rogue access points",
        ),
        log.counted(*WIRELESS),
        # What no controller tells of is not there for us: nothing seen proves nothing.
        unknown=not log.count(*WIRELESS),
    )


def protection(sources: Sources) -> Found:
    """At how many schools a protection measure is alive (I-31)."""
    devices, schools = _devices(sources), _schools(sources)
    alive = {
        (said["region"], said["school"])
        for said in devices.values()
        if not said.get("silent") and sources.now - said["heard"] <= FLOWS
    }
    names = {(one.region, one.school) for one in schools}
    good = len(alive & names) if names else len(alive)
    total = len(names)
    gaps = []
    if total and good < total:
        gaps.append(
            Gap(
                Text(
                    f"{total - good} 所学校看不到有效的防护措施",
                    f"at {total - good} schools no live protection measure is seen",
                ),
                Text(
                    "接入该校的过滤或上网行为管理设备日志", "take the log of that school's device"
                ),
            )
        )
    return Found(
        Text(
            f"绿色上网措施覆盖（I-31）：{good} / {total} 所（{percent(good, total)}）",
            f"protection measures (I-31): {good} of {total} ({percent(good, total)})",
        ),
        [_stored("firewall_log", devices)],
        gaps,
        unknown=not devices or not total,
    )


def _sensors(sources: Sources) -> list[Sensor]:
    if "security_sensor" not in sources.tables():
        return []
    found = sources.rows("SELECT body FROM security_sensor")
    told = (msgspec.json.decode(body, type=Sensor) for (body,) in found)
    return [one for one in told if sources.now - one.heard <= FORGET]


def _runs(one: Sensor, sources: Sources) -> bool:
    return sources.now - one.heard <= HOLDS


def _sensors_needed(sources: Sources) -> list[Gap]:
    if _sensors(sources):
        return []
    return [
        Gap(
            Text(
                "没有安全探针上报：没有事件不等于没有攻击",
                "no sensor reports: no event is no proof that there was no attack",
            ),
            Text("在学校启用 [sensor]（docs/sensor.md）", "switch [sensor] on at schools"),
        )
    ]


def _schools(sources: Sources) -> list[School]:
    """Return the schools that count today; none where there is no list."""
    try:
        roster = sources.roster
    except Unread:
        return []
    schools = roster.schools if roster else ()
    return [one for one in schools if one.standing(sources.today) == "open"]


def _devices(sources: Sources, measurement: str = "firewall_log") -> dict[str, dict[str, Any]]:
    """Return what each boundary device's log last said, by its place and name."""
    try:
        values = sources.store.last(measurement, {}, sources.now - LOOK_BACK)
    except StoreError as error:
        raise Unread(
            Text(f"时序库无法读取：{error}", f"the store cannot be read: {error}")
        ) from error
    found: dict[str, dict[str, Any]] = {}
    for one in values:
        levels = [one.tags.get(name, "") for name in ("region", "school", "agent", "device")]
        said = found.setdefault("/".join(levels), {"heard": 0, "region": levels[0]})
        said |= {"school": levels[1], one.field: one.value}
        said["heard"] = max(said["heard"], one.at)
    return found


def _stored(measurement: str, devices: dict[str, dict[str, Any]]) -> Counted:
    said = msgspec.json.encode(devices, order="sorted")
    query = f"newest values of {measurement} within 7 days"
    return Counted("store", query, len(devices), hashlib.sha256(said).hexdigest())


def percent(part: int, whole: int) -> str:
    """Return a share in percent, rounded down: what lacks something is never 100."""
    return f"{percent_at_least(part, whole):.2f}%" if whole else "–"


LOOKS: Final = (intruders, attacks, sensors, rule_bases, foreign_logs, wireless, protection)
