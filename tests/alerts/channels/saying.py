"""Messages made for tests of channels."""

from typing import Any

from alerts.channels.dingtalk import Dingtalk
from alerts.channels.feishu import Feishu
from alerts.channels.robot import Robot
from alerts.channels.wecom import Wecom
from alerts.outbox import Parcel
from core import clock
from core.alerts import Alert, AlertKey, AlertState, Notification, Reason, Telling, Text
from core.kind import Severity
from tests.alerts.vendors import Vendor
from tests.collector.making import NOW

KINDS = ("wecom", "dingtalk", "feishu")


def telling(
    number: int = 1, severity: Severity = "P2", title: str = "链路断开：一中", more: str = ""
) -> Telling:
    text = Text(
        f"开始：2026-11-22 10:00:00\n影响：上课用不了投影。{more}\n请先：重启交换机",
        "Since: 2026-11-22 10:00:00\nWhat it means: no lessons.\nTry first: the switch",
    )
    state: AlertState = "firing"
    alert = Alert(AlertKey("link_down", "330100/school-1/host", f"p{number}"), severity, state, NOW)
    return Telling(_numbered(alert, number), Text(title, "A link is down"), text)


def _numbered(alert: Alert, number: int) -> Alert:
    return Alert(alert.key, alert.severity, alert.state, alert.began_at, number=number)


def parcel(
    *tellings: Telling, reason: Reason = "FIRST", number: int = 1, at: int = NOW, **more: Any
) -> Parcel:
    told = tellings or (telling(),)
    title = told[0].title if len(told) == 1 else Text(f"汇总：{len(told)} 条", "Summary")
    severity = min(one.alert.severity for one in told)
    counts = {"link_down": len(told)}
    note = Notification(number, reason, at, severity, title, told, len(told), counts)
    return Parcel("duty", 1, more.pop("repeat", False), note, **more)


def robot(vendor: Vendor, now: clock.Clock = clock.now, timeout_s: float = 5, **more: Any) -> Robot:
    """Return the channel that talks to *vendor*."""
    if vendor.kind != "wecom":
        more = {"signing": vendor.signing, **more}
    made = {"wecom": Wecom, "dingtalk": Dingtalk, "feishu": Feishu}[vendor.kind]
    return Robot("duty", made(vendor.address, **more), "d1", timeout_s, now)
