"""What a machine tells of itself. Names and types are Telegraf's where it has them."""

from typing import Final

from core.measurements.base import Field, byte_counts, counts, measurement, percents

MB: Final = 1_000_000

# Deadbands: what a curve from 0 to 100 % cannot show (1 % is two pixels of it), or what changes
# from breath to breath and means nothing. What is a size, a limit or a state has none.

MEASUREMENTS: Final = (
    measurement(
        "cpu",
        "Where the processors' time went since the last sample.",
        {"cpu": "`cpu-total`, or `cpu0` … for one processor"},
        *percents(
            1.0,
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
        *byte_counts(total="installed"),
        # Programs take and give back some megabytes all the time; the percentages below are finer.
        *byte_counts(
            4 * MB,
            2.0,
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
        Field("used_percent", "float", "%", "in use, of what is installed", deadband=0.5),
        Field("available_percent", "float", "%", "available, of what is installed", deadband=0.5),
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
        *byte_counts(total="size"),
        # A log that grows moves them every round; how full it is decides, and alerts.
        *byte_counts(10 * MB, 0.5, free="free for ordinary users", used="in use"),
        Field(
            "used_percent", "float", "%", "in use, of what ordinary users can fill", deadband=0.1
        ),
        *counts(inodes_total="files that it can hold"),
        *counts(
            100, 1.0, inodes_free="files that can still be made", inodes_used="files that it holds"
        ),
        Field(
            "inodes_used_percent",
            "float",
            "%",
            "files that it holds, of those it can hold",
            deadband=0.1,
        ),
    ),
    measurement(
        "swap",
        "Disk space that stands in for memory.",
        {},
        Field("total", "integer", "B", "size"),
        Field("used", "integer", "B", "in use", deadband=1_000_000),
        Field("free", "integer", "B", "not used", deadband=1_000_000),
        Field("used_percent", "float", "%", "in use, of its size", deadband=0.5),
        Field("in", "integer", "B", "read back since the machine started", deadband=1_000_000),
        Field("out", "integer", "B", "written since the machine started", deadband=1_000_000),
    ),
    measurement(
        "system",
        "How busy the machine is, and since when it runs.",
        {},
        *(
            Field(
                *(f"load{minutes}", "float", ""),
                f"programs that run or wait to, mean of the last {minutes} min",
                deadband=0.1,
            )
            for minutes in (1, 5, 15)
        ),
        Field("n_cpus", "integer", "", "processors"),
        Field("uptime", "integer", "s", "since the machine started", deadband=300),
        Field(
            *("boot_time", "integer", "s"),
            "when it started, in seconds since 1970, by the agent's clock",
            deadband=2,
        ),
    ),
    measurement(
        "temp",
        "One temperature sensor of the machine.",
        {"sensor": "chip and label; a number at the end from the second of the same name on"},
        Field("temp", "float", "°C", "temperature", deadband=1),
    ),
    measurement(
        "processes",
        "Programs that run, counted by what they wait for.",
        {},
        *(
            Field(name, "integer", "", meaning, deadband=deadband)
            for name, meaning, deadband in (
                ("running", "run, or could", 2),
                ("sleeping", "wait for something to do", 5),
                ("idle", "threads of the kernel that have nothing to do", 5),
                ("blocked", "wait for a disk", 0),
                ("zombies", "ended, and nobody has asked how", 0),
                ("dead", "about to be gone", 0),
                ("stopped", "stopped by a signal or a debugger", 0),
                ("unknown", "in a state that is not listed here", 0),
                ("total", "all of them", 5),
                ("total_threads", "threads of all of them", 10),
            )
        ),
        interval_s=60,
    ),
)
