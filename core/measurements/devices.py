"""What devices in a school tell: of classrooms, and of what the school's network is made of."""

from typing import Final

from core.devices import KINDS, STATES
from core.measurements.base import Field, counts, mbits, measurement, per_second

_DEVICE: Final = {"device": "its `id` in the configuration of the agent"}

MEASUREMENTS: Final = (
    measurement(
        "device",
        "One device as it was last asked. A field that it does not have is absent: a code that "
        "means unknown, not present or no limit is never a number.",
        {
            **_DEVICE,
            "room": "the room that it stands in, where it stands in one",
            "kind": ", ".join(f"`{kind}`" for kind in KINDS),
        },
        Field("state", "string", "", ", ".join(f"`{one}`" for one in STATES), urgent=True),
        Field(
            "cause", "string", "", "why, a word of core/causes; empty while healthy", urgent=True
        ),
        Field(
            "name",
            "string",
            "",
            "what people call it, by the configuration; else as it calls itself",
        ),
        Field("essential", "boolean", "", "whether the room needs it for a lesson"),
        Field("behind", "string", "", "the device that it is reached through; else empty"),
        Field("profile", "string", "", "the family that it was recognised as; else empty"),
        Field("model", "string", "", "maker and model as it says itself"),
        Field("firmware", "string", "", "version of its software as it says itself"),
        Field(
            *("on", "boolean", ""),
            "powered on and in use, as a lamp that burns; absent where nobody can tell",
            urgent=True,
        ),
        Field("answer_ms", "float", "ms", "until its first answer", deadband=50),
        Field("uptime_s", "integer", "s", "since it started", deadband=1e12),
        Field("input", "string", "", "the input that it shows"),
        Field("muted", "boolean", "", "picture or sound are switched off at it"),
        *(
            Field(name, "integer", "h", meaning)
            for name, meaning in {
                "lamp_h": "its lamp has burned, the oldest of several",
                "filter_h": "its filter was used",
            }.items()
        ),
        Field("temperature_c", "float", "°C", "the hottest of what it measures", deadband=2),
        *(
            Field(name, "float", "%", meaning, deadband=band)
            for name, meaning, band in (
                ("cpu_percent", "its processor is busy", 10),
                ("mem_percent", "its memory is in use", 5),
                ("disk_percent", "its disk is in use", 1),
                ("load_percent", "of what it can supply", 5),
                ("battery_percent", "left in its battery", 2),
                ("supply_percent", "left of what it prints with, the least of all", 1),
            )
        ),
        Field("battery_s", "integer", "s", "its battery would last", deadband=60),
        Field("on_battery", "boolean", "", "it runs from its battery", urgent=True),
        *counts(
            clients="wireless clients: a number, nobody's name",
            aps="access points that it manages",
            aps_up="of those: that work",
            ports="ports that are switched on",
            ports_up="of those: with a link",
            codes_unknown="states that it gives and its profile does not know; absent at 0",
        ),
        Field("poe_w", "float", "W", "it gives to others through its ports", deadband=2),
        interval_s=60,
    ),
    measurement(
        "device_port",
        "One port of a device, from counters of 64 bits.",
        {**_DEVICE, "port": "its name (ifName, else ifDescr)"},
        Field("up", "boolean", "", "has a link", urgent=True),
        Field("enabled", "boolean", "", "switched on by who administers the device"),
        Field("alias", "string", "", "what its administrator calls it"),
        Field("speed_mbit_s", "float", "Mbit/s", "what the port has agreed on"),
        *mbits(1, recv_mbit_s="received since the look before", sent_mbit_s="sent since then"),
        *per_second(
            *("/s", 0.1),
            err_in="damaged on the way in",
            err_out="could not be sent",
        ),
        Field("poe_w", "float", "W", "it gives to what is plugged in", deadband=1),
        Field(
            "neighbour",
            "string",
            "",
            "infrastructure at its other end, by LLDP; no personal device",
        ),
        interval_s=60,
    ),
)
