"""A roster's cells as text, whatever kind of file they come from, and what is said about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from core.errors import ConfigError

MAX_BYTES: Final = 20_000_000
MAX_ROWS: Final = 50_000
"""Of all sheets together; the largest province has some 20,000 schools."""
MAX_COLUMNS: Final = 256


class NotARoster(ConfigError):
    """A file that can be opened and is no roster; each line of the text names file and place."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a sheet; `trouble` says why it cannot be taken apart, where it cannot."""

    line: int
    cells: Sequence[str]
    trouble: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing stands in it."""
        return not self.trouble and not any(self.cells)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows in their order; `name` is empty where the file has no more than this one.

    `separated` by commas, where one too many moves every cell behind it.
    """

    name: str
    rows: Sequence[Row]
    separated: bool = True


Weight = Literal["refused", "value", "owners", "doubt", "note"]
"""A row that was not taken; a cell that was not; owners that are missing (R-02); what looks like
a mistake, as a column whose name is nearly one of ours; what is only worth knowing."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to be said of a file; `line` is 0 where it is about a sheet as a whole."""

    weight: Weight
    sheet: str
    line: int
    column: str
    text: str

    def sentence(self) -> str:
        """Return what is said without the place."""
        if self.weight == "refused":
            return f"row refused: {self.text}"
        return f"column {self.column}: {self.text}" if self.column else self.text

    def at(self, path: Path | str) -> str:
        """Return the whole sentence, beginning with file and place."""
        return f"{place(path, self.sheet, self.line)}: {self.sentence()}"


def place(path: Path | str, sheet: str, line: int) -> str:
    """Return where something is: file, sheet where there are several, line."""
    parts = [str(path), *([sheet] if sheet else []), *([str(line)] if line else [])]
    return ":".join(parts)
