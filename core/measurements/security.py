"""What the security sensor tells of itself and, as counts only, of the network around it."""

from typing import Final

from core.measurements.base import Field, counts, measurement

MEASUREMENTS: Final = (
    measurement(
        "sensor",
        "What the security sensor reads at one interface (docs/sensor-live.md), each minute; "
        "counts since its process started.",
        {"interface": "the interface's name"},
        *counts(
            frames="frames of control traffic that were read",
            dropped="frames of it that the kernel had no room for: nobody looked at them",
            facts="what these frames said: what detectors are fed with",
            malformed="frames that contradict themselves, or end too early",
            forgotten="machines, addresses and services that detectors forgot since more came than "
            "their tables hold: many within a minute are made up, or a network too large for it",
            defects="of what the frames said, what a detector failed on: a mistake in schoolwatch; "
            "the agent's log has where",
            bad_lines="lines of the process that the agent did not believe",
        ),
        Field("cpu_percent", "float", "%", "of one processor, used by the process", deadband=1.0),
        Field("mem_mb", "float", "MB", "memory of the process", deadband=2.0),
        Field(
            *("foreign_share", "float", "%"),
            "unicast frames for others, of all in the last hour; absent where too few came",
            deadband=1.0,
        ),
        Field(
            *("sees", "string", ""),
            "`all`: a mirror port or a hub; `own`: only what is for this machine and for "
            "everybody; `unknown`: too little traffic to tell",
            urgent=True,
        ),
        Field(
            *("blind", "string", ""),
            "kinds of docs/events.md that may happen unseen here, with a blank between them",
        ),
        Field("promiscuous", "boolean", "", "whether frames for others are asked for"),
        interval_s=60,
    ),
    measurement(
        "census",
        "How many machines sent something in the last 24 hours; never which. Groups under 5 are "
        "left out.",
        {"interface": "the interface that heard them"},
        *counts(
            machines="hardware addresses that sent a frame",
            random_macs="of these, addresses that a phone or computer made up for this network",
            infrastructure="of these, gateways, servers and devices that the school lists",
        ),
        interval_s=60,
    ),
    measurement(
        "dns_verdict",
        "How many questions for names went to name servers that stand in the block lists of "
        "`[sensor]`, since the sensor's process started; never which names, nor who asked. Under "
        "5 they are left out.",
        {"category": "`malware`, `mining` or `harmful`, as the list says"},
        *counts(names="questions"),
        interval_s=60,
    ),
)
