"""docs/roster.md explains every column, and every word that a cell may hold."""

from pathlib import Path

import pytest

from collector.roster.columns import COLUMNS, Column
from collector.roster.words import AREAS, LINKS, STATUSES, TYPES, YES_NO

PAGE = (Path(__file__).parents[2] / "docs/roster.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("column", COLUMNS.values(), ids=lambda column: column.field)
def test_every_column_has_a_line_with_its_names_and_whether_it_is_needed(column: Column) -> None:
    (line,) = [line for line in PAGE.split("\n") if line.startswith(f"| **{column.zh}** |")]
    assert f"| `{column.field}` |" in line
    assert ("**必填。**" in line) is column.needed
    if not column.field.endswith("_contact"):
        assert [name for name in column.aliases if name not in line] == []


@pytest.mark.parametrize("words", [STATUSES, TYPES, AREAS, LINKS, YES_NO])
def test_every_meaning_that_a_cell_may_have_is_there_in_both_languages(
    words: dict[str, object],
) -> None:
    for meaning in set(words.values()):
        said = [word for word, means in words.items() if means == meaning and word in PAGE]
        assert any(word.isascii() for word in said), meaning
        assert any(not word.isascii() or word in {"5G", "4G", "ADSL"} for word in said), meaning
