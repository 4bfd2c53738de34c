"""What the details of an event may hold: the allow-list of domain.md R-61 for events.

A detail that is not here is taken off at the collector and counted; the event itself is kept,
whatever its kind, so an agent of a newer version loses a word and never an event. A figure of
`evidence` may have any name, since detectors count many things; a text there is one of a few.
docs/events.md is printed from this table.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from core import persondata

DETAILS: Final[Mapping[str, str]] = {
    "active": "the uplink that carries the traffic now",
    "added": "addresses that are new",
    "address": "the address that two machines use",
    "addresses": "addresses of an interface of the agent's own machine",
    "altered_while_open": "whether a day of a firewall's log was changed before it was sealed",
    "baseline": "the digest of the files that was noted",
    "batches": "batches that went",
    "before": "the digest of the seal before this one",
    "began": "when it began (ns)",
    "bytes": "how large a file is",
    "changed": "what of a file changed, or which files",
    "changes_per_minute": "how often it changed, of what flaps",
    "confidence": "how sure the detector is, 0 to 1",
    "corrected_ms": "by how much the time of readings went back",
    "count": "how often it was seen",
    "day": "of which day it is",
    "days": "how many days of a firewall's log are kept",
    "details_left_out": "the event was too long, and goes without its details",
    "device": "a device of the school, by its name in the agent's configuration",
    "digest": "the digest of the agent's files",
    "dropped": "frames that the sensor lost",
    "dropped_days": "days of a firewall's log that were deleted for want of room",
    "evidence": "figures of a detector, and a text of a few names",
    "file": "the name of a file of the agent's own",
    "files": "how many files",
    "first_at": "when the first of its lines came",
    "gaps": "how many lines are known to be missing, by reason",
    "heard": "whether anything was heard of it before",
    "inodes_used_percent": "how full a disk is by files",
    "instead_of": "the uplink that is not used now",
    "is": "what it is now: addresses or a MAC of a gateway",
    "last_at": "when the last of its lines came",
    "lines": "lines and notes between them: the leaves of a tree",
    "link_type": "what kind of line an uplink is",
    "metered": "whether an uplink is paid by volume",
    "new_root": "the root of a tree of the audit log that does not fit",
    "new_size": "its size, in records",
    "number": "the number of a seal",
    "percent": "a share",
    "port": "a port that somebody listens at",
    "program": "the program that listens",
    "protocol": "tcp or udp",
    "readings_follow": "whether the time of readings follows a step of the clock",
    "reason": "why a checkpoint does not fit",
    "removed": "addresses that are gone",
    "room_days": "for how many days of a firewall's log there is room",
    "root": "the root of the audit log's tree that an agent holds",
    "rows": "lines of a firewall's log",
    "sha256": "the digest of a file",
    "set_back_to": "how many records the audit log has left, as the statement of its restore says",
    "silent_after_s": "after how long of silence it counts as silent",
    "size": "the size of the audit log that an agent holds, in records",
    "source": "who did it, of an attack; else the role only",
    "speed_mbps": "the speed of a link",
    "step_ms": "by how much a clock was set",
    "target": "whom it hit, of an attack; else the role only",
    "used_percent": "how full a disk is",
    "version": "the version of the agent",
    "vlan": "the VLAN in which it was seen",
    "wanted_days": "how many days of a firewall's log are to be kept",
    "was": "what it was before: addresses or a MAC of a gateway",
    "why": "why, in a word of the program's own",
}
"""What each detail is, by its name."""

SIDE: Final = frozenset(("address", "mac", "role", "port"))
"""Of `source` and `target`."""

EVIDENCE_TEXTS: Final = frozenset(
    ("blocked", "device", "differs", "how", "judged_by", "line_sha256", "threat", "way")
)
_FIGURE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


def allowed(details: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str], list[str]]:
    """Return *details* without what is not allowed, the names that went, and where a person was.

    The same object where nothing is to be taken off. A name inside `source` is `source.name`.
    """
    kept: dict[str, Any] = {}
    gone: list[str] = []
    persons: list[str] = []
    for name, value in details.items():
        if name not in DETAILS:
            gone.append(name)
        elif name in ("source", "target", "evidence") and isinstance(value, Mapping):
            fits = _fits_evidence if name == "evidence" else _fits_side
            inner = {key: one for key, one in value.items() if fits(key, one)}
            gone += [f"{name}.{key}" for key in value if key not in inner]
            kept[name] = _clean(inner, name, persons)
        else:
            kept[name] = _clean(value, name, persons)
    return (kept if gone or persons else details), gone, persons


def without_persons(details: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *details* without numbers of persons; the same object where there are none."""
    persons: list[str] = []
    kept = {name: _clean(value, name, persons) for name, value in details.items()}
    return kept if persons else details


def _fits_side(name: str, value: object) -> bool:
    return name in SIDE and isinstance(value, str | int)


def _fits_evidence(name: str, value: object) -> bool:
    if isinstance(value, str):
        return name in EVIDENCE_TEXTS
    if not isinstance(value, int | float) or not _FIGURE.fullmatch(name):
        return False
    return isinstance(value, bool) or not persondata.has_any(f"{value}")


def _clean(value: Any, name: str, persons: list[str]) -> Any:
    """Return *value* with no number of a person in any text or name, or as a whole number."""
    if isinstance(value, str):
        left = persondata.removed(value)
        if left is not value:
            persons.append(name)
        return left
    if isinstance(value, Mapping):
        return {
            _clean(key, name, persons): _clean(one, f"{name}.{key}", persons)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_clean(one, name, persons) for one in value]
    if isinstance(value, int) and len(str(value)) == 18 and persondata.is_identity(str(value)):
        persons.append(name)
        return 0
    return value


def as_markdown() -> str:
    """Return the table as a part of the page docs/events.md."""
    lines = ["## Details", "", "What an event may say besides: all else is taken off and counted."]
    lines += ["", "| detail | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in DETAILS.items()]
    texts = ", ".join(f"`{name}`" for name in sorted(EVIDENCE_TEXTS))
    side = ", ".join(f"`{name}`" for name in sorted(SIDE))
    lines += ["", f"`source` and `target` hold {side}; `evidence` holds numbers, and texts called"]
    lines += [f"{texts}."]
    return "\n".join(lines) + "\n"
