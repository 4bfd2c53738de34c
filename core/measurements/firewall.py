"""What the logs of firewalls and of behaviour-management devices come to: no lines of them."""

from typing import Final

from core.measurements.base import HEARTBEAT_ONLY, Field, byte_counts, counts, measurement

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
            with_time="of the lines: with date and time",
            with_user="of the lines: with a user, who is not read",
            with_type="of the lines: with the kind of event",
            with_result="of the lines: with what came of it",
            complete="of the lines: with all four (8.1.3.5 b)",
            numbered="of the lines: with a number that the device counts up",
            missing="of these numbers: never came",
            port_dropped="datagrams that the system dropped at the port that all devices share",
        ),
        Field("silent", "boolean", "", "true when nothing came for too long", urgent=True),
        Field("family", "string", "", "how its lines are read, or `unknown_family`"),
        interval_s=60,
    ),
    measurement(
        "log_kept",
        "How far back a device's log goes that the agent keeps at the school, or that the device "
        "keeps itself by what a person saw there.",
        _DEVICE,
        Field(
            *("oldest_age_s", "integer", "s", "age of the oldest row that can be read"),
            deadband=HEARTBEAT_ONLY,
        ),
        *counts(
            HEARTBEAT_ONLY,
            wanted_days="days for which it is to be kept, at least 184",
            rows="rows that were kept since the start of the agent",
            lost="rows that were not: no room, a full disk, a number or a datagram that never came",
            files="days that are kept",
            checked="days that were checked since the start of the agent",
            damaged="days that are not as they were sealed, at the last look at them",
            dropped_days="days that were deleted for room since the start of the agent",
        ),
        *byte_counts(HEARTBEAT_ONLY, bytes="what is kept takes on the disk"),
        Field("state", "string", "", "`kept` far enough back, `young`, or `short`", urgent=True),
        Field("by", "string", "", "who says so: `agent`, or `stated` by a person"),
        interval_s=60,
    ),
)
