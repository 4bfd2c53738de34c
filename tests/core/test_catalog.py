"""The catalogue is what it is printed as, and a Telegraf agent can stand in for ours."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.catalog import CATALOG, IDENTITY_TAGS, MARK_TAGS, PYTHON_TYPES, as_markdown, type_of
from core.lineprotocol import parse
from core.types import Value
from tests.core import telegraf

CASES = Path(__file__).parents[1] / "cases"
DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "measurements.md"
TELEGRAF_PAGE = (DOCS / "telegraf.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_catalogue_prints() -> None:
    again = "run: python -m core.catalog > docs/measurements.md"
    assert PAGE.read_text(encoding="utf-8") == as_markdown(), again


SHARED = sorted(CATALOG.keys() & telegraf.TAGS.keys())


@pytest.mark.parametrize("name", SHARED)
def test_where_both_have_a_field_names_and_types_are_those_of_telegraf(name: str) -> None:
    theirs = telegraf.fields_of(name)
    types = {field.name: field.type for field in CATALOG[name].fields.values()}
    both = types.keys() & theirs.keys()
    assert {field: types[field] for field in both} == {field: theirs[field] for field in both}
    assert both, "a measurement of another kind should have another name"


def test_a_recorded_batch_of_telegraf_has_the_fields_of_both_by_name_and_type() -> None:
    """A running one is asked in tests/collector/test_telegraf.py, where there is one."""
    found: dict[str, dict[str, str]] = {name: {} for name in telegraf.TAGS}
    for point in map(parse, telegraf.RECORDED):
        name = point.measurement
        found[name] |= {field: type_of(value) for field, value in point.fields.items()}
        assert point.tags.keys() <= {"host", *telegraf.TAGS[name].split()}
    for name, fields in found.items():
        theirs = telegraf.fields_of(name)
        assert fields, f"the record has no {name}"
        assert fields.items() <= theirs.items()
        if name in CATALOG:
            assert CATALOG[name].fields.keys() & theirs.keys() <= fields.keys()


@pytest.mark.parametrize("name", SHARED)
def test_what_our_probes_and_a_recorded_telegraf_both_tell_has_one_name_and_one_type(
    name: str,
) -> None:
    """Ours are the recorded machines of tests/cases, which the probes have to give back."""
    ours = kinds_of(reading["fields"] for reading in recorded_readings(name))
    theirs = kinds_of(p.fields for p in map(parse, telegraf.RECORDED) if p.measurement == name)
    both = ours.keys() & theirs.keys()
    assert {field: ours[field] for field in both} == {field: theirs[field] for field in both}
    assert both == theirs.keys() & CATALOG[name].fields.keys()


def recorded_readings(name: str) -> Iterator[dict[str, Any]]:
    for file in sorted(CASES.glob("*/*/expected.json")):
        for reading in json.loads(file.read_text()):
            if isinstance(reading, dict) and reading.get("measurement", file.parts[-3]) == name:
                yield reading


def kinds_of(found: Iterable[Mapping[str, Value]]) -> dict[str, str]:
    return {name: type_of(value) for fields in found for name, value in fields.items()}


@pytest.mark.parametrize("name", SHARED)
def test_the_page_about_telegraf_names_each_difference_and_no_other(name: str) -> None:
    rows = [row for row in differences() if row.measurement == name]
    ours = {*CATALOG[name].fields, *CATALOG[name].tags}
    theirs = {*telegraf.fields_of(name), *telegraf.TAGS[name].split()}
    assert sorted(word for row in rows for word in row.ours) == sorted(ours - theirs)
    assert sorted(word for row in rows for word in row.theirs) == sorted(theirs - ours)


def test_each_difference_from_telegraf_has_its_reason() -> None:
    rows = differences()
    assert {row.measurement for row in rows} <= {*SHARED}
    assert all(len(row.reason) > 10 and (row.ours or row.theirs) for row in rows)


class Difference(NamedTuple):
    """A row of the table in docs/telegraf.md; fields and tags are named alike."""

    measurement: str
    ours: list[str]
    theirs: list[str]
    reason: str


def differences() -> list[Difference]:
    rows = re.findall(r"^\| `(\w+)` \|(.*?)\|(.*?)\|(.*?)\|$", TELEGRAF_PAGE, re.MULTILINE)
    return [
        Difference(
            name, re.findall(r"`(\w+)`", ours), re.findall(r"`(\w+)`", theirs), reason.strip()
        )
        for name, ours, theirs, reason in rows
    ]


def test_every_measurement_tag_and_field_says_what_it_means() -> None:
    for measurement in CATALOG.values():
        assert measurement.meaning
        assert measurement.fields
        assert all(measurement.tags.values())
        assert all(field.meaning for field in measurement.fields.values())


def test_no_measurement_uses_a_tag_that_only_the_collector_sets() -> None:
    for measurement in CATALOG.values():
        assert not set(measurement.tags) & {*IDENTITY_TAGS, *MARK_TAGS}


@pytest.mark.parametrize(
    ("value", "name"), [(True, "boolean"), (1, "integer"), (1.0, "float"), ("1", "string")]
)
def test_each_value_has_its_type_and_a_boolean_is_no_integer(value: object, name: str) -> None:
    assert type_of(value) == name  # type: ignore[arg-type]
    assert type(value) is PYTHON_TYPES[type_of(value)]  # type: ignore[arg-type]
