"""Writes the dashboards as JSON: `python -m grafana.build`; a test fails where they differ.

Needs the extra `check` (grafana-foundation-sdk); who uses the dashboards does not.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.boards import (
    device,
    district,
    evidence,
    health,
    machine,
    ports,
    room,
    school,
    security,
    targets,
)
from grafana.frame import SCHEMA_VERSION
from grafana.language import CODES, Language

FOLDER: Final = Path(__file__).parent / "dashboards"
BOARDS: Final[dict[str, Callable[[Language], builder.Dashboard]]] = {
    "district": district.board,
    "school": school.board,
    "machine": machine.board,
    "room": room.board,
    "device": device.board,
    "ports": ports.board,
    "targets": targets.board,
    "security": security.board,
    "health": health.board,
    "evidence": evidence.board,
}


def files() -> Iterator[tuple[Path, str]]:
    """Return each file below `FOLDER`, and what has to stand in it."""
    for code in CODES:
        for name, board in BOARDS.items():
            yield Path(code) / f"{name}.json", text(board(Language(code)))


def text(board: builder.Dashboard) -> str:
    """Return *board* as JSON: panels numbered, and of the version that Grafana 9.4 reads."""
    made: dict[str, Any] = json.loads(json.dumps(board.build(), cls=JSONEncoder))
    made["schemaVersion"] = SCHEMA_VERSION
    for number, panel in enumerate(made.get("panels", []), 1):
        panel["id"] = number
    # All get the same from the builders, and Grafana would take them for one.
    for variable in made["templating"]["list"]:
        for word in ("id", "auto", "auto_min", "auto_count"):
            variable.pop(word, None)
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def write() -> None:
    """Write every file."""
    for path, content in files():
        (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / path).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write()
