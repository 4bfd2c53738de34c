"""What Telegraf calls what servers answer, and what we have beside it: Telegraf 1.37.2, its source.

Telegraf's tags `result`, `rcode`, `status_code` and `verification` are fields here (`verdict`,
`rcode_value`, `http_response_code`, `verification_code`): a tag that changes with the state of a
server ends its series, and what was last known of the old one stays as if it were so.
"""

import pytest

from core.catalog import CATALOG

TELEGRAF_TAGS = {
    "dns_query": "server domain record_type result rcode",
    "http_response": "server method status_code result",
    "x509_cert": "source type common_name verification serial_number",
}
TELEGRAF_FIELDS = {
    "dns_query": {"query_time_ms": "float", "result_code": "integer", "rcode_value": "integer"},
    "http_response": {
        "response_time": "float",
        "content_length": "integer",
        "http_response_code": "integer",
        "result_code": "integer",
    },
    "x509_cert": {
        "verification_code": "integer",
        "verification_error": "string",
        "expiry": "integer",
        "age": "integer",
        "startdate": "integer",
        "enddate": "integer",
    },
}
BEYOND_TAGS: dict[str, set[str]] = {"http_response": {"family"}}
BEYOND = {
    "dns_query": {"verdict", "success", "answers", "strays", "ttl_s", "tcp"},
    "http_response": {
        *("verdict", "success"),
        *("resolve_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms"),
    },
    "x509_cert": {"verdict", "days_left"},
}


@pytest.mark.parametrize("name", TELEGRAF_TAGS)
def test_names_and_types_are_those_of_telegraf_but_for_what_it_has_not(name: str) -> None:
    fields = {field.name: field.type for field in CATALOG[name].fields.values()}
    assert {n: t for n, t in fields.items() if n not in BEYOND[name]} == TELEGRAF_FIELDS[name]
    assert fields.keys() >= BEYOND[name]
    assert set(CATALOG[name].tags) - BEYOND_TAGS.get(name, set()) <= set(
        TELEGRAF_TAGS[name].split()
    )


@pytest.mark.parametrize("name", [*TELEGRAF_TAGS, "public_address"])
def test_a_change_of_the_verdict_travels_at_once_and_times_that_wobble_do_not(name: str) -> None:
    fields = CATALOG[name].fields
    assert fields["verdict"].urgent
    assert all(field.deadband >= 5 for field in fields.values() if field.unit == "ms")
    assert not [field for field in fields.values() if field.urgent and field.deadband]
