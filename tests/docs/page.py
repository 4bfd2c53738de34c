"""What docs/wire-contract.md shows, taken apart for tests: blocks, tables, commands."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs/wire-contract.md").read_text(encoding="utf-8")

_BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
_DUMP_LINE = re.compile(r"([0-9a-f]{8})  ((?:[0-9a-f]{2} {1,2})+) *\|(.{1,16})\|")


def blocks(kind: str) -> list[str]:
    """Return the blocks that are marked *kind*, in their order."""
    return [text for found, text in _BLOCKS if found == kind]


def block(kind: str) -> str:
    """Return the only block that is marked *kind*."""
    (only,) = blocks(kind)
    return only


def dumped(text: str) -> bytes:
    """Return the bytes of a dump; its offsets and its right side must agree with them."""
    found = b""
    for line in text.splitlines():
        match = _DUMP_LINE.fullmatch(line)
        assert match, line
        assert int(match[1], 16) == len(found), line
        part = bytes.fromhex(match[2])
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        assert shown == match[3], line
        found += part
    return found


def rows(heading: str) -> list[list[str]]:
    """Return the cells of each table whose first cells are *heading*, one list a row."""
    _, _, after = TEXT.partition(f"| {heading} |")
    assert after, heading
    table = after.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def commands() -> list[str]:
    """Return what the page tells to type, a block each, the prompts taken off."""
    return [re.sub(r"^\$ ", "", text, flags=re.MULTILINE) for text in blocks("console")]
