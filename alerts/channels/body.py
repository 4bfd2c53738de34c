"""A message as JSON for a webhook: the fields of Alertmanager's webhook, and ours beside them.

Pure. docs/alerts.md describes it for those who write a receiver.
"""

import hashlib
from typing import Any, Final

from alerts.outbox import Parcel
from core import clock
from core.alerts import STILL, Alert, Because, Notification, Telling

NOT_ENDED: Final = "0001-01-01T00:00:00Z"
"""What Alertmanager sends for a time that has not come."""

FIRING: Final = {"FIRST", "NEW_ALERTS", "DIGEST", *STILL}
_PLACES: Final = ("region", "school", "agent")


def body(parcel: Parcel, sender: str) -> dict[str, Any]:
    """Return what is posted; *sender* is the collector's id."""
    said = parcel.notification
    alerts = [_alert(one, parcel.links.get(one.alert.number, "")) for one in said.alerts]
    return {
        "version": "4",
        "groupKey": key_of(said, sender),
        "truncatedAlerts": said.total - len(alerts),
        "status": "firing" if said.reason in FIRING else "resolved",
        "receiver": parcel.channel,
        "groupLabels": {},
        "commonLabels": _common([one["labels"] for one in alerts]),
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": alerts,
        "schoolwatch": 1,
        "collector": sender,
        "id": key_of(said, sender),
        "reason": said.reason,
        "repeat": parcel.repeat,
        "attempt": parcel.tries,
        "at": clock.rfc3339(said.at),
        "severity": said.severity,
        "title": _both(said.title),
        "total": said.total,
        "counts": said.counts,
    }


def key_of(said: Notification, sender: str) -> str:
    """Return what names a message for good, also where a restored database counts anew."""
    return f"{sender}-{said.number}-{said.at}"


def labels_of(alert: Alert) -> dict[str, str]:
    """Return what an alert is about."""
    key = alert.key
    labels = {"alertname": key.rule, "severity": alert.severity}
    if key.place.startswith("collector/"):
        labels["collector"] = key.place.partition("/")[2]
    elif key.place:
        labels |= dict(zip(_PLACES, key.place.split("/")))
    return labels | {k: v for k, v in (("target", key.target), ("subject", key.subject)) if v}


def _alert(telling: Telling, link: str) -> dict[str, Any]:
    alert = telling.alert
    over = alert.state == "ended"
    return {
        "status": "resolved" if over else "firing",
        "labels": labels_of(alert),
        "annotations": {
            "summary": telling.title.en,
            "description": telling.text.en,
            "summary_zh": telling.title.zh,
            "description_zh": telling.text.zh,
        },
        "startsAt": clock.rfc3339(alert.began_at),
        "endsAt": clock.rfc3339(alert.ended_at) if over else NOT_ENDED,
        "generatorURL": "",
        "fingerprint": hashlib.sha256(repr(tuple(alert.key)).encode()).hexdigest()[:16],
        "number": alert.number,
        "ackURL": link,
        "late": alert.late,
        "because": [_because(one) for one in alert.because],
        "details": alert.details,
    }


def _because(one: Because) -> dict[str, str]:
    until = clock.rfc3339(one.until) if one.until else ""
    return {"rule": one.rule, "since": clock.rfc3339(one.since), "until": until}


def _common(labels: list[dict[str, str]]) -> dict[str, str]:
    first = labels[0] if labels else {}
    return {k: v for k, v in first.items() if all(one.get(k) == v for one in labels)}


def _both(text: Any) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
