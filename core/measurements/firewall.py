"""What the logs of firewalls and of behaviour-management devices come to: totals, no lines."""

from typing import Final

from core.measurements.base import HEARTBEAT_ONLY, Field, counts, measurement

_DEVICE: Final = {"device": "the device's id in `[[logs.list]]`"}

MEASUREMENTS: Final = (
    measurement(
        "firewall",
        "How often a firewall said what, since the start of the agent; fewer than five are held "
        "back until there are more.",
        {**_DEVICE, "verdict": "what it was, by the family of the device (docs/logs.md)"},
        *counts(HEARTBEAT_ONLY, total="times, as the device counts them"),
        interval_s=60,
    ),
    measurement(
        "firewall_log",
        "Whether a device's log flows, and what became of its lines since the start of the agent.",
        _DEVICE,
        *counts(
            HEARTBEAT_ONLY,
            lines="lines that came",
            dropped="of these: about a person, so only counted",
            unread="of these: of no known family, or of which the family says nothing",
            malformed="of these: no line of syslog",
            limited="lines beside these that came too fast, and were not read",
        ),
        Field("silent", "boolean", "", "true when nothing came for too long", urgent=True),
        Field("family", "string", "", "how its lines are read, or `unknown_family`"),
        interval_s=60,
    ),
)
