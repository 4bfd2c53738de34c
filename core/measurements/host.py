"""What a machine tells of itself. Names and types are Telegraf's where it has them."""

from typing import Final

from core.measurements.base import Field, byte_counts, counts, measurement, percents

MEASUREMENTS: Final = (
    measurement(
        "cpu",
        "Where the processors' time went since the last sample.",
        {"cpu": "`cpu-total`, or `cpu0` … for one processor"},
        *percents(
            user="programs",
            system="the kernel",
            idle="nothing to do",
            nice="programs that run at low priority",
            iowait="waiting for a disk",
            irq="hardware interrupts",
            softirq="software interrupts, network packets above all",
            steal="taken by another virtual machine on the same host",
            guest="virtual machines of this host",
            guest_nice="virtual machines of this host at low priority",
        ),
    ),
    measurement(
        "mem",
        "The machine's memory.",
        {},
        *byte_counts(
            total="installed",
            available="could be given to programs without swapping",
            used="in use",
            free="not used for anything, not even as cache",
            buffered="kept back for writing",
            cached="file contents kept in memory",
            active="used recently",
            inactive="not used recently",
            shared="shared between programs",
            slab="the kernel's own tables",
        ),
        Field("used_percent", "float", "%", "in use, of what is installed"),
        Field("available_percent", "float", "%", "available, of what is installed"),
    ),
    measurement(
        "disk",
        "One mounted file system.",
        {
            "path": "where it is mounted",
            "device": "what is mounted, without /dev/",
            "fstype": "kind of file system",
            "mode": "`rw`, or `ro` when it can only be read",
        },
        *byte_counts(total="size", free="free for ordinary users", used="in use"),
        Field("used_percent", "float", "%", "in use, of what ordinary users can fill"),
        *counts(
            inodes_total="files that it can hold",
            inodes_free="files that can still be made",
            inodes_used="files that it holds",
        ),
        Field("inodes_used_percent", "float", "%", "files that it holds, of those it can hold"),
    ),
)
