"""What a line of the audit log looks like, as JSON Schema: GB/T 22239-2019, 8.1.4.3 b (R-40).

Watch it: python -m collector.auditschema
"""

import json
import sys
from typing import Any, Final

WORD: Final = {"type": "string"}
NS: Final = {"type": "integer", "minimum": 0}
WHO: Final = (
    r"^(person:([A-Za-z0-9._@-]+|link:.+)?|agent:[^/]+/[^/]+/[^/]+|system:collector/.+"
    r"|operator:.+)$"
)
BATCH: Final[dict[str, Any]] = {
    "row": {"type": "integer", "minimum": 1},
    "agent": {"type": "string", "pattern": r"^(collector/.+|[^/]+/[^/]+/[^/]+)$"},
    "epoch": WORD,
    "seq": {"type": "integer", "minimum": 0},
    "index": {"type": "integer", "minimum": -1},
    "crc": {"type": "string", "pattern": "^[0-9a-f]{8}$"},
    "received": {**NS, "description": "the collector's clock, ns since 1970"},
}
HAPPENED: Final[dict[str, Any]] = {
    "kind": {"type": "string", "minLength": 1},
    "code": {"type": "string", "pattern": "^EV-"},
    "severity": {"enum": ["P1", "P2", "P3", "P4"]},
    "target": WORD,
    "subject": WORD,
    "active": {"type": "boolean"},
    "at": {**NS, "description": "the clock of who says it, ns since 1970"},
    "details": {"type": "object"},
}
MARKS: Final[dict[str, Any]] = {
    "actor": {"type": "string", "pattern": WHO},
    "role": WORD,
    "address": WORD,
    "success": {"type": "boolean"},
    "reason": WORD,
}
"""What lines from before the collector kept them do not have."""
OPTIONAL: Final[dict[str, Any]] = {
    "name": {"type": "string", "minLength": 1},
    "agent_severity": WORD,
    "unchecked": {"const": True},
    "full": {"const": True},
}


def schema(*, old: bool = False) -> dict[str, Any]:
    """Return the schema of one line; with *old* that of one from before there were marks."""
    asked = {**BATCH, **HAPPENED, **({} if old else MARKS)}
    found: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "schoolwatch audit record",
        "type": "object",
        "properties": {**asked, **OPTIONAL},
        "required": sorted(asked),
        "additionalProperties": False,
    }
    if not old:
        found["if"] = {"properties": {"success": {"const": False}}}
        found["then"] = {"properties": {"reason": {"minLength": 1}}}
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2, sort_keys=True) + "\n")
