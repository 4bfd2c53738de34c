"""Every word that a probe can find has its sentence, and a rule that knows what it means."""

import pytest

from agent.clients import http, stream, tls
from agent.clients.dnsanswer import BY_RCODE
from agent.clients.httpverdict import RESULT_CODES
from alerts.rules import OfReading, Rule, Worded
from alerts.shipped import RULES
from alerts.verdictwords import WORDS, sentences, slowest
from core.catalog import CATALOG

CERTIFICATE = {*tls.BY_VERIFY_CODE.values(), "not_valid", "incomplete_chain", "unreadable"}
WITHOUT_A_CERTIFICATE = {
    *stream.OPENED_LATE.values(),
    *("no_such_host", "connect_refused", "connect_failed", "tls_failed"),
}
"""Of a server that shows none nobody knows what it is like."""

FOUND = {
    "http_response": {
        *WITHOUT_A_CERTIFICATE,
        *http.LATE.values(),
        *RESULT_CODES,
        *("not_http", "captive_portal", "unexpected", "http_error", "ok", "slow"),
        *(f"{stream.CERTIFICATE}{word}" for word in tls.BY_VERIFY_CODE.values()),
        f"{stream.CERTIFICATE}not_valid",
    },
    "dns_query": {
        *BY_RCODE.values(),
        *("rcode", "wrong_address", "sinkhole", "not_nxdomain", "two_answers", "truncated"),
        *("mismatched", "malformed", "timeout", "unreachable", "ok", "no_data"),
    },
    "x509_cert": {*CERTIFICATE, "ok"},
}


def rules_of(measurement: str) -> list[Worded]:
    return [r.of for r in RULES if isinstance(r.of, Worded) and r.of.measurement == measurement]


@pytest.mark.parametrize("measurement", FOUND)
def test_a_rule_knows_every_word_and_all_that_it_calls_on_has_a_sentence(measurement: str) -> None:
    rules = rules_of(measurement)
    assert FOUND[measurement] <= {word for of in rules for word in of.on | of.off}
    for of in rules:
        assert of.on <= set(WORDS[measurement])
        assert not of.on & of.off


def test_of_a_server_that_shows_no_certificate_nothing_is_known_of_it() -> None:
    (of,) = rules_of("x509_cert")
    said = {of.says({"verdict": word, "verification_code": 1}) for word in WITHOUT_A_CERTIFICATE}
    assert said == {"between"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_looks_at_fields_and_tags_that_the_catalogue_has(rule: Rule) -> None:
    of = rule.of
    if not isinstance(of, OfReading):
        return
    known = CATALOG[of.measurement]
    code = {of.code, of.otherwise.name} if isinstance(of, Worded) and of.otherwise else set()
    assert {of.name, *of.tells, *code} <= set(known.fields)
    assert {of.target, *of.beside, *of.unless} - {""} <= set(known.tags)


def test_the_phase_that_took_longest_is_named_also_the_page_that_has_no_time_of_its_own() -> None:
    times = {"resolve_ms": 5.0, "connect_ms": 40.0, "first_byte_ms": 30.0}
    assert slowest(times) == "connect_ms"
    assert slowest(times | {"total_ms": 4000.0}) == "page"
    assert slowest({}) == ""


def test_a_word_from_a_newer_agent_is_told_as_it_came() -> None:
    assert sentences("dns_query", {"verdict": "poisoned"}, 0) == {"why": "poisoned"}


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("no_such_host", "DNS"),
        ("connect_timeout", "防火墙"),
        ("certificate_expired", "日期和时间"),
        ("captive_portal", "登录"),
        ("http_error", "客服"),
    ],
)
def test_what_to_try_first_follows_from_the_phase(word: str, advice: str) -> None:
    assert advice in sentences("http_response", {"verdict": word}, 0)["advice"]
