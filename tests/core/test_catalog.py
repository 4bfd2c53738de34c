"""The catalogue is what it is printed as, and a Telegraf agent can stand in for ours."""

from pathlib import Path

import pytest

from core.catalog import CATALOG, IDENTITY_TAGS, MARK_TAGS, PYTHON_TYPES, as_markdown, type_of
from core.lineprotocol import parse

PAGE = Path(__file__).parents[2] / "docs/measurements.md"

# What Telegraf 1.3x sends on Linux: plugins/inputs/<name>/<name>.go and README.md. Its unsigned
# numbers go out as integers (`i`) unless an output is told otherwise.
TELEGRAF_TAGS = {
    "cpu": "cpu",
    "mem": "",
    "disk": "path device fstype mode label",
    "net": "interface",
    "ping": "url",
}
TELEGRAF_FLOATS = {
    "cpu": """usage_user usage_system usage_idle usage_active usage_nice usage_iowait usage_irq
        usage_softirq usage_steal usage_guest usage_guest_nice time_user time_system time_idle
        time_active time_nice time_iowait time_irq time_softirq time_steal time_guest
        time_guest_nice""",
    "mem": "used_percent available_percent",
    "disk": "used_percent inodes_used_percent",
    "net": "",
    "ping": """percent_packet_loss minimum_response_ms average_response_ms maximum_response_ms
        standard_deviation_ms""",
}
TELEGRAF_INTEGERS = {
    "cpu": "",
    "mem": """total available used active buffered cached commit_limit committed_as dirty free
        high_free high_total huge_pages_free huge_page_size huge_pages_total inactive low_free
        low_total mapped page_tables shared slab sreclaimable sunreclaim swap_cached swap_free
        swap_total vmalloc_chunk vmalloc_total vmalloc_used write_back write_back_tmp""",
    "disk": "total free used inodes_total inodes_free inodes_used",
    "net": """bytes_sent bytes_recv packets_sent packets_recv err_in err_out drop_in drop_out
        speed""",
    "ping": "packets_transmitted packets_received ttl result_code",
}
OURS_BEYOND = {"ping": {"jitter_ms", "family"}}
"""Fields and tags that we have and Telegraf has not."""


def test_the_page_is_what_the_catalogue_prints() -> None:
    again = "run: python -m core.catalog > docs/measurements.md"
    assert PAGE.read_text(encoding="utf-8") == as_markdown(), again


@pytest.mark.parametrize("name", TELEGRAF_TAGS)
def test_names_and_types_are_those_of_telegraf(name: str) -> None:
    telegraf = dict.fromkeys(TELEGRAF_FLOATS[name].split(), "float")
    telegraf |= dict.fromkeys(TELEGRAF_INTEGERS[name].split(), "integer")
    assert shared_fields(name).items() <= telegraf.items()
    assert shared_tags(name) <= set(TELEGRAF_TAGS[name].split())


def test_a_recorded_batch_of_telegraf_has_every_field_of_ours_by_name_and_type() -> None:
    """A running one is asked in tests/collector/test_telegraf.py, where there is one."""
    lines = (Path(__file__).parent / "telegraf-1.37.2.lines").read_bytes().splitlines()
    points = {point.measurement: point for point in map(parse, lines)}
    assert points.keys() == TELEGRAF_TAGS.keys()
    for name, point in points.items():
        found = {field: type_of(value) for field, value in point.fields.items()}
        assert shared_fields(name).items() <= found.items()
        assert shared_tags(name) <= point.tags.keys()


def shared_fields(name: str) -> dict[str, str]:
    """Return the types of the fields that are to be as Telegraf has them."""
    beyond = OURS_BEYOND.get(name, set())
    fields = CATALOG[name].fields.values()
    return {field.name: field.type for field in fields if field.name not in beyond}


def shared_tags(name: str) -> set[str]:
    return set(CATALOG[name].tags) - OURS_BEYOND.get(name, set())


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
