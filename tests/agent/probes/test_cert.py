"""Certificates with each kind of fault, shown by real servers; and bytes that are none."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from agent.clients.certificate import Certificate, parse
from agent.clients.certificates import Shown, verdict_of
from agent.probes import probes
from agent.probes.cert import CertProbe
from agent.readings import mistake
from core import clock
from core.registry import OptionMistakes
from tests.real.certificates import Issued, issued, roots_file, with_sha1
from tests.real.leaks import left_after
from tests.real.webserver import closed_port, farewell, silence, web_server

HOST = "127.0.0.1"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def root() -> Issued:
    return issued("root.school.example", ca=True, key=rsa_key(2048))


@cache
def stranger() -> Issued:
    return issued("root.stranger.example", ca=True)


@cache
def between() -> Issued:
    return issued("between.school.example", root(), ca=True)


FAULTS: dict[str, tuple[Callable[[], Issued], str]] = {
    "good for ninety days": (lambda: issued(HOST, root()), "ok"),
    "with one between it and the root": (lambda: issued(HOST, between()), "ok"),
    "expired": (lambda: issued(HOST, root(), begins=NOW - 9 * DAY, ends=NOW - DAY), "expired"),
    "expired, and of a stranger": (
        lambda: issued(HOST, stranger(), begins=NOW - 9 * DAY, ends=NOW - DAY),
        "expired",
    ),
    "of tomorrow": (lambda: issued(HOST, root(), begins=NOW + DAY), "not_yet_valid"),
    "of another host": (lambda: issued("www.else.example", root()), "wrong_host"),
    "of another address": (lambda: issued("127.0.0.2", root()), "wrong_host"),
    "that vouches for itself": (lambda: issued(HOST), "self_signed"),
    "of a stranger who shows himself": (
        lambda: Issued(*_parts(issued(HOST, stranger())), (stranger().certificate,)),
        "unknown_issuer",
    ),
    "without the one between": (
        lambda: Issued(*_parts(issued(HOST, between())), ()),
        "incomplete_chain",
    ),
    "with one between that is of somebody else": (
        lambda: Issued(*_parts(issued(HOST, between())), (stranger().certificate,)),
        "incomplete_chain",
    ),
    "twice, instead of the one between": (
        lambda: Issued(*_parts(one := issued(HOST, between())), (one.certificate,)),
        "incomplete_chain",
    ),
    "with a short key": (lambda: issued(HOST, root(), key=rsa_key(1024)), "weak"),
    "signed with SHA-1": (lambda: with_sha1(issued(HOST, root()), root()), "weak"),
}


def _parts(one: Issued) -> tuple[Any, Any]:
    return one.certificate, one.key


async def told(port: int, folder: Path, **options: Any) -> dict[str, Any]:
    target = f"{HOST}:{port}"
    given: dict[str, Any] = {"ca_file": roots_file(folder, root()), "timeout_s": 5.0} | options
    (reading,) = await CertProbe((target,), **given).measure()
    assert mistake(reading) == ""
    assert dict(reading.tags) == {"source": target}
    return dict(reading.fields)


@pytest.mark.parametrize("case", FAULTS)
async def test_each_fault_of_a_certificate_has_its_word(case: str, tmp_path: Path) -> None:
    make, verdict = FAULTS[case]
    shown = make()
    async with web_server(silence, shown.server_context(tmp_path)) as port:
        fields = await told(port, tmp_path)
    assert fields["verdict"] == verdict
    begins, ends = shown.certificate.not_valid_before_utc, shown.certificate.not_valid_after_utc
    assert fields["startdate"] == int(begins.timestamp())
    assert fields["enddate"] == int(ends.timestamp())
    assert fields["days_left"] == fields["expiry"] // 86_400
    now = datetime.now(UTC)
    assert abs(fields["expiry"] - (ends - now).total_seconds()) < 600
    assert abs(fields["age"] - (now - begins).total_seconds()) < 600
    # Some systems let a weak one pass: what OpenSSL refuses is not valid, and it says why.
    refused = "verification_error" in fields
    assert fields["verification_code"] == int(refused)
    assert refused == (verdict != "ok") or verdict == "weak"


async def test_a_certificate_that_was_replaced_is_well_again(tmp_path: Path) -> None:
    verdicts = []
    for ends in (NOW - DAY, NOW + 300 * DAY):
        shown = issued(HOST, root(), begins=NOW - 9 * DAY, ends=ends)
        async with web_server(silence, shown.server_context(tmp_path)) as port:
            fields = await told(port, tmp_path)
        verdicts.append((fields["verdict"], fields["days_left"] > 0, fields["verification_code"]))
    assert verdicts == [("expired", False, 1), ("ok", True, 0)]


async def test_where_there_is_no_certificate_to_see_it_is_told_why(tmp_path: Path) -> None:
    async with web_server(silence) as silent, web_server(farewell) as closing:
        cases = {silent: "tls_timeout", closing: "tls_failed", closed_port(): "connect_refused"}
        for port, verdict in cases.items():
            fields = await told(port, tmp_path, timeout_s=1.0)
            assert fields["verdict"] == verdict
            assert fields["verification_code"] == 1
            assert not {"expiry", "days_left", "enddate"} & fields.keys()


@pytest.mark.parametrize("rounds", [10, pytest.param(300, marks=pytest.mark.slow)])
async def test_many_rounds_leave_no_socket_and_no_task(rounds: int, tmp_path: Path) -> None:
    right, wrong = issued(HOST, root()), issued("www.else.example", stranger())
    async with (
        web_server(silence, right.server_context(tmp_path)) as good,
        web_server(silence, wrong.server_context(tmp_path)) as bad,
        web_server(silence) as silent,
    ):
        targets = tuple(f"{HOST}:{port}" for port in (good, bad, silent, closed_port()))
        roots = roots_file(tmp_path, root())
        asking = CertProbe(targets, timeout_s=0.05, ca_file=roots)
        assert await left_after(rounds, asking.measure) == (0, 0)


@pytest.mark.parametrize("target", ["", "a:b", "a:0", ":443", "[::1]x"])
def test_a_target_that_is_no_host_is_refused_when_the_file_is_read(target: str) -> None:
    with pytest.raises(OptionMistakes, match="targets"):
        probes.build("cert", {"targets": [target]})


@pytest.mark.parametrize(
    ("now", "verdict"), [(99, "not_yet_valid"), (100, "ok"), (200, "ok"), (201, "expired")]
)
def test_the_first_and_the_last_second_are_good(now: int, verdict: str) -> None:
    leaf = Certificate(100, 200, self_issued=False, rsa_bits=0, sha1=False)
    assert verdict_of(Shown(leaf=b"x"), leaf, now) == verdict


@pytest.mark.parametrize(
    ("rsa_bits", "sha1", "verdict"),
    [(0, False, "ok"), (2048, False, "ok"), (2047, False, "weak"), (4096, True, "weak")],
)
def test_what_is_weak_is_told_also_where_the_system_lets_it_pass(
    rsa_bits: int, sha1: bool, verdict: str
) -> None:
    leaf = Certificate(100, 200, self_issued=False, rsa_bits=rsa_bits, sha1=sha1)
    assert verdict_of(Shown(leaf=b"x"), leaf, 150) == verdict


def test_what_is_read_is_what_another_reader_reads() -> None:
    """The other one is `cryptography`, which tests have and agents do not."""
    for one in (
        root(),
        between(),
        issued(HOST, root(), key=rsa_key(1024)),
        issued(HOST, root(), pss=True),
        issued(HOST, ends=datetime(2060, 1, 1, tzinfo=UTC)),
        issued(HOST, begins=datetime(1999, 1, 1, tzinfo=UTC)),
    ):
        read, key = parse(one.der), one.key.public_key()
        assert read == Certificate(
            int(one.certificate.not_valid_before_utc.timestamp()),
            int(one.certificate.not_valid_after_utc.timestamp()),
            self_issued=one.certificate.issuer == one.certificate.subject,
            rsa_bits=key.key_size if isinstance(key, rsa.RSAPublicKey) else 0,
            sha1=False,
        )
    assert parse(with_sha1(issued(HOST, root()), root()).der).sha1


@given(st.binary(max_size=64))
def test_bytes_that_are_no_certificate_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 — each mistake has words of its own
        parse(data)


@given(st.data())
def test_a_damaged_certificate_is_read_or_a_value_error(data: st.DataObject) -> None:
    der = bytearray(root().der)
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(der)))
    for damaged in (bytes(der), bytes(der[:cut])):
        try:
            parse(damaged)
        except ValueError:
            continue


async def test_a_leaf_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    async def show(*_: object) -> Shown:
        return Shown(leaf=b"\x30\x80")

    probe = CertProbe(("a",), show=show, now=clock.now)
    (reading,) = await probe.measure()
    assert reading.fields == {"verdict": "unreadable", "verification_code": 1}
