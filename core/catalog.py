"""What a measurement may contain: its tags, its fields with type and unit, and what they mean.

Where Telegraf has the measurement, names and types are Telegraf's, so that a Telegraf agent can
stand in for ours. The collector checks every line against this table, docs/measurements.md is
printed from it, and what is not here does not travel (domain.md R-61, allow-list collection).
"""

from dataclasses import dataclass
from typing import Final, Literal

from core.types import Value

FieldType = Literal["integer", "float", "boolean", "string"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its type on the wire, its unit as people write it, its meaning."""

    name: str
    type: FieldType
    unit: str
    meaning: str
    urgent: bool = False
    """A change travels at once instead of with the next batch."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One kind of reading; `tags` maps each tag to its meaning."""

    name: str
    meaning: str
    tags: dict[str, str]
    fields: dict[str, Field]


IDENTITY_TAGS: Final = ("region", "school", "agent")
"""Added by the collector from the topic; what a payload brings under these names is replaced."""

MARK_TAGS: Final = {"accounted": "no: came without a header, so no ledger knows of it"}
"""Added by the collector to say what it knows of a line; a payload cannot set them."""

OURS: Final = frozenset({"event"})
"""Measurements that the collector alone writes; in a payload they are as good as unknown."""

PYTHON_TYPES: Final[dict[FieldType, type]] = {
    "integer": int,
    "float": float,
    "boolean": bool,
    "string": str,
}


def _measurement(name: str, meaning: str, tags: dict[str, str], *fields: Field) -> Measurement:
    return Measurement(name, meaning, tags, {field.name: field for field in fields})


def _percents(**meanings: str) -> list[Field]:
    return [Field(f"usage_{name}", "float", "%", text) for name, text in meanings.items()]


def _bytes(**meanings: str) -> list[Field]:
    return [Field(name, "integer", "B", text) for name, text in meanings.items()]


def _counts(**meanings: str) -> list[Field]:
    return [Field(name, "integer", "", text) for name, text in meanings.items()]


_MEASUREMENTS: Final = (
    _measurement(
        "cpu",
        "Where the processors' time went since the last sample.",
        {"cpu": "`cpu-total`, or `cpu0` … for one processor"},
        *_percents(
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
    _measurement(
        "mem",
        "The machine's memory.",
        {},
        *_bytes(
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
    _measurement(
        "disk",
        "One mounted file system.",
        {
            "path": "where it is mounted",
            "device": "what is mounted, without /dev/",
            "fstype": "kind of file system",
            "mode": "`rw`, or `ro` when it can only be read",
        },
        *_bytes(total="size", free="free for ordinary users", used="in use"),
        Field("used_percent", "float", "%", "in use, of what ordinary users can fill"),
        *_counts(
            inodes_total="files that it can hold",
            inodes_free="files that can still be made",
            inodes_used="files that it holds",
        ),
        Field("inodes_used_percent", "float", "%", "files that it holds, of those it can hold"),
    ),
    _measurement(
        "net",
        "Counters of one network interface since the machine started.",
        {"interface": "the interface's name"},
        *_bytes(bytes_sent="sent", bytes_recv="received"),
        *_counts(
            packets_sent="packets sent",
            packets_recv="packets received",
            err_in="damaged on the way in",
            err_out="could not be sent",
            drop_in="received but dropped",
            drop_out="dropped before sending",
        ),
    ),
    _measurement(
        "ping",
        "Echo requests to one target.",
        {"url": "the target as configured: a name or an address"},
        *_counts(
            packets_transmitted="requests sent",
            packets_received="answers received",
            ttl="hops that the last answer could still have gone",
            result_code="0 answered in part or whole, 1 no such host, 2 no answer at all",
        ),
        Field("percent_packet_loss", "float", "%", "requests without an answer"),
        Field("minimum_response_ms", "float", "ms", "fastest answer"),
        Field("average_response_ms", "float", "ms", "mean answer"),
        Field("maximum_response_ms", "float", "ms", "slowest answer"),
        Field("standard_deviation_ms", "float", "ms", "how much the answers differ"),
    ),
    _measurement(
        "agent",
        "The agent's heartbeat and what it knows about itself, each minute.",
        {},
        Field("version", "string", "", "version of the program"),
        *_counts(
            uptime_s="seconds since the agent started",
            probe_errors="rounds of probes that failed since the agent started",
            probe_overruns="rounds left out since the round before was still running",
            readings_refused="readings that could not be encoded since the agent started",
            spool_batches="batches that wait for a receipt",
            batches_dropped="batches dropped since the agent started",
        ),
        *_bytes(spool_bytes="bytes that wait for a receipt"),
        Field("clock_offset_ms", "float", "ms", "how far the machine's clock is off, if known"),
    ),
    _measurement(
        "canary",
        "What the watchdog sends each minute, to see whether it comes out again.",
        {},
        *_counts(number="the number of this canary"),
    ),
    _measurement(
        "collector",
        "What the collector did since it started, each minute.",
        {"collector": "the collector's id"},
        *_counts(
            messages="MQTT messages taken in",
            batches="batches received for the first time",
            repeated="batches that came again",
            lines_stored="lines that the store took",
            lines_refused="lines in the dead-letter file",
            dead_letters="messages in the dead-letter file",
        ),
    ),
    _measurement(
        "event",
        "Every event that the collector has taken in; the last six digits of its time are those "
        "of its row. Those of the collector itself carry no identity.",
        {
            "kind": "what happened, a word of docs/events.md; `other` for one that is not there",
            "code": "its `EV-` code",
            "collector": "the collector's id, for events of its own",
        },
        Field("word", "string", "", "what happened, as the agent called it"),
        Field("active", "boolean", "", "true when it began or happened, false when it ended"),
        Field("severity", "string", "", "P1 to P4, by the table of kinds"),
        Field("target", "string", "", "what it happened to"),
        Field("subject", "string", "", "which part of that"),
        *_counts(row="its row in the collector's database and audit log"),
    ),
)

CATALOG: Final[dict[str, Measurement]] = {m.name: m for m in _MEASUREMENTS}


def type_of(value: Value) -> FieldType:
    """Return how *value* is called on the wire; bool is asked first, since it is an int too."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "float" if isinstance(value, float) else "string"


def as_markdown() -> str:
    """Return the catalogue as the page docs/measurements.md; a test compares the two."""
    lines = ["# Measurements", "", "Printed from `core/catalog.py`: `python -m core.catalog`.", ""]
    lines += [f"Every line also carries {', '.join(f'`{tag}`' for tag in IDENTITY_TAGS)}."]
    lines += [f"Some carry `{tag}`: {meaning}." for tag, meaning in MARK_TAGS.items()]
    for m in CATALOG.values():
        lines += ["", f"## {m.name}", "", m.meaning, ""]
        lines += [f"- tag `{tag}`: {meaning}" for tag, meaning in m.tags.items()]
        lines += [""] if m.tags else []
        lines += ["| field | type | unit | meaning |", "|---|---|---|---|"]
        lines += [f"| `{f.name}` | {f.type} | {f.unit} | {f.meaning} |" for f in m.fields.values()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")  # noqa: T201 — this is the command that the page names
