"""The page of the schema is what is printed, and knows every tag of the catalogue."""

from pathlib import Path

import pytest

from collector.store.config import StoreConfig
from collector.store.schema import BOUNDS, ROLLED, as_markdown, usual
from core.catalog import CATALOG, PYTHON_TYPES

PAGE = Path(__file__).parents[3] / "docs" / "schema.md"


def test_the_page_is_what_is_printed() -> None:
    again = "run: python -m collector.store.schema > docs/schema.md"
    assert PAGE.read_text(encoding="utf-8") == as_markdown(), again


@pytest.mark.parametrize("name", CATALOG)
def test_every_tag_says_what_bounds_its_values(name: str) -> None:
    assert [tag for tag in CATALOG[name].tags if tag not in BOUNDS] == []


def test_what_is_usual_is_far_below_what_is_refused() -> None:
    assert max(map(usual, CATALOG.values())) * 10 <= StoreConfig().max_series
    assert ROLLED.keys() == PYTHON_TYPES.keys()
