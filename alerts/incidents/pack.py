"""A draft of a report for a person to check, complete and hand in (CAC-2025 Art. 7, 8): pure.

Nothing here is sent. Roles and networks only: no address, no name of a person but of who confirmed.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from alerts.incidents.clocks import Step
from alerts.incidents.grades import FALSE_ALARM
from alerts.incidents.incident import Incident
from alerts.incidents.judging import Refused
from alerts.names import ATTACK_SPREADS
from alerts.securitywords import figures, party
from core import clock
from core.kinds import KINDS, kind_of

TO_FILL: Final = "【请填写】"
ITEMS: Final = ("单位", "系统", "时间", "类型", "级别", "影响", "已采取的措施")
"""What each report has to say, in this order."""
_CONCERNS: Final = {
    "crime": "涉嫌违法犯罪",
    "minors": "涉及未成年人个人信息",
    "personal_data": "涉及个人信息",
}


def draft(
    incident: Incident, step: Step, unit: str, name_of: Callable[[str], str], zone: tzinfo
) -> str:
    """Return the text of a report; raises Refused before a person has confirmed the grade."""
    if not incident.grade:
        raise Refused("unconfirmed", "尚未有人确认级别，不能生成报告")
    if incident.grade == FALSE_ALARM:
        raise Refused("false_alarm", "已确认为误报，无需报告")
    if step == "终报" and not incident.closed_at:
        raise Refused("not_closed", "事件尚未办结，不能生成终报")
    where = name_of(incident.place) if incident.place else "全区"
    lines = [
        f"网络安全事件报告（{step}）——草稿，须由报告人核对后报送",
        f"事件编号：{incident.number}",
        f"单位：{unit or TO_FILL}",
        f"系统：{where} 校园网络",
        f"时间：{_times(incident, zone)}",
        f"类型：{_type(incident)}",
        f"级别：{_level(incident, zone)}",
        f"影响：{_impact(incident)}",
        f"已采取的措施：{incident.closing or incident.note or TO_FILL}",
    ]
    lines += _more(incident, step, zone)
    return "\n".join(lines) + "\n"


def _more(incident: Incident, step: Step, zone: tzinfo) -> list[str]:
    if step == "初报":
        return ["（情况不明的，可先报单位、系统和时间，其余及时补报。）"]
    before = [f"{clock.minute(one.at, zone)} {one.clock}（{one.by}）" for one in incident.reports]
    said = [f"此前报告：{'；'.join(before) or '无'}"]
    if step == "续报":
        return [*said, f"进展：{TO_FILL}"]
    return [*said, f"原因分析：{TO_FILL}", f"责任认定与整改：{TO_FILL}"]


def _times(incident: Incident, zone: tzinfo) -> str:
    over = f"{clock.minute(incident.ended_at, zone)} 停止" if incident.ended_at else "仍在进行"
    began, known = clock.minute(incident.began_at, zone), clock.minute(incident.discovered_at, zone)
    closed = f"，{clock.minute(incident.closed_at, zone)} 办结" if incident.closed_at else ""
    return f"{began} 开始，{known} 发现，{over}{closed}"


def _type(incident: Incident) -> str:
    word = incident.kind
    if word == ATTACK_SPREADS:
        kind = next((one for one in KINDS.values() if one.code == incident.code), kind_of(word))
        return f"{kind.category.name}/{kind.category.sub}（{incident.code}）：多校同类攻击"
    kind = kind_of(word)
    return f"{kind.category.name}/{kind.category.sub}（{kind.code}）：{kind.zh}"


def _level(incident: Incident, zone: tzinfo) -> str:
    who = f"{incident.confirmed_by} {clock.minute(incident.confirmed_at, zone)} 确认"
    return f"{incident.grade}（{who}；系统建议：{incident.proposed}）"


def _impact(incident: Incident) -> str:
    details, parts = incident.details, []
    schools = details.get("schools")
    if isinstance(schools, list) and schools:
        parts.append(f"涉及 {details.get('count', len(schools))} 所学校：{'、'.join(schools)}")
    for name, label in (("source", "来源"), ("target", "目标")):
        if said := party(details.get(name), 0):
            parts.append(f"{label}：{said}")
    if evidence := figures(details, 0):
        parts.append(f"依据：{evidence}")
    parts += [text for word, text in _CONCERNS.items() if word in incident.concerns]
    return "；".join([*parts, TO_FILL])
