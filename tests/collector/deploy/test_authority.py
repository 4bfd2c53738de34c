"""The district's certificates, as openssl sees them, and whom they are given to."""

import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from collector.deploy import authority, enrol, register, renew
from collector.deploy.authority import Signed, utc_now
from collector.deploy.district import District
from core.checkconfig import check
from core.errors import ConfigError
from core.types import Identity
from tests.collector.deploy.made import HOST, REGION, A, B, enrolled, made, ran
from tests.core.merkle.making import Log

NOW = utc_now()


@pytest.fixture(scope="module")
def ca() -> Signed:
    return authority.new_authority("schoolwatch district", NOW)


def verified(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["openssl", "verify", "-x509_strict", "-CAfile", "ca.pem", *words, "one.pem"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed: apt-get install openssl")
    return done.stdout.strip() or done.stderr.strip()


@pytest.mark.real("openssl")
@pytest.mark.parametrize(("use", "other"), [("server", "client"), ("client", "server")])
def test_a_certificate_is_good_for_one_thing_only(
    ca: Signed, tmp_path: Path, use: authority.Use, other: str
) -> None:
    one = authority.issue(ca, "x", use, NOW, days=30, hosts=[HOST, "192.0.2.7", "2001:db8::7"])
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    (tmp_path / "one.pem").write_bytes(one.pem)
    assert verified(tmp_path, "-purpose", f"ssl{use}") == "one.pem: OK"
    assert "unsuitable certificate purpose" in verified(tmp_path, "-purpose", f"ssl{other}")
    for name in (HOST, "192.0.2.7", "2001:db8::7"):
        kind = "-verify_hostname" if name == HOST else "-verify_ip"
        assert verified(tmp_path, kind, name) == "one.pem: OK"
    assert "hostname mismatch" in verified(tmp_path, "-verify_hostname", "other.example").lower()


@pytest.mark.real("openssl")
def test_a_list_of_revoked_ones_names_just_those(ca: Signed, tmp_path: Path) -> None:
    good, bad = (authority.issue(ca, str(who), "client", NOW, days=30) for who in (A, B))
    listed = authority.revocations(ca, {bad.certificate.serial_number: NOW}, 1, NOW)
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    (tmp_path / "revoked.pem").write_bytes(listed)
    for one, said in ((good, "one.pem: OK"), (bad, "certificate revoked")):
        (tmp_path / "one.pem").write_bytes(one.pem)
        assert said in verified(tmp_path, "-crl_check", "-CRLfile", "revoked.pem")


def test_no_certificate_outlives_its_authority(ca: Signed) -> None:
    late = NOW + timedelta(days=authority.AUTHORITY_DAYS - 10)
    one = authority.issue(ca, "x", "client", late, days=400)
    assert one.certificate.not_valid_after_utc <= ca.certificate.not_valid_after_utc


def test_the_name_in_an_agents_certificate_is_its_identity_and_its_file_is_ready() -> None:
    with made() as district:
        folder = enrolled(district, A)
        found = x509.load_pem_x509_certificate((folder / "agent.pem").read_bytes())
        assert found.subject.rfc4514_string() == f"CN={A}"
        assert {
            path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()
        } == dict.fromkeys(("agent.toml", "agent.pem", "agent.key", "ca.pem"), 0o600)
        readers = {"agent": "agent.config:read_agent"}
        assert check(folder / "agent.toml", readers).text == ""
        last = district.rows()[-1]
        assert (last.name, last.number) == (str(A), found.serial_number)


def test_a_name_is_not_given_twice_unless_told() -> None:
    with made() as district:
        first = ran("agent", district.folder, A.region, A.school, A.agent)
        assert first.returncode == 0, first.stderr
        before = district.rows()
        second = ran("agent", district.folder, A.region, A.school, A.agent)
        assert second.returncode == 2
        assert re.search(f"{A} was given a certificate on .* good until .* --again", second.stderr)
        assert district.rows() == before
        third = ran("agent", district.folder, A.region, A.school, A.agent, "--again")
        assert third.returncode == 0
        assert "1 older of that name are still good" in third.stdout
        assert [row.name for row in district.rows()].count(str(A)) == 2


def test_a_name_whose_certificate_was_revoked_is_given_anew() -> None:
    with made() as district:
        enrolled(district, A)
        enrol.revoke(district, str(A), utc_now(), older=False)
        with pytest.raises(ConfigError, match="have ended or are revoked already"):
            enrol.revoke(district, str(A), utc_now(), older=False)
        enrolled(district, A)
        with pytest.raises(ConfigError, match="were never given"):
            enrol.revoke(district, str(B), utc_now(), older=False)


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (Identity("440305", "x", "y"), f"serves {REGION}: nobody would hear region 440305"),
        (Identity(REGION, "schoolwatch", "canary"), "the watchdog's own name"),
        (Identity(REGION, "+", "y"), "school '+' must be"),
        (Identity(REGION, "a" * 32, "b" * 32), "more than 64 bytes"),
    ],
)
def test_a_name_that_nobody_may_have_is_refused(who: Identity, said: str) -> None:
    with made() as district:
        with pytest.raises(ConfigError, match=re.escape(said)):
            enrol.enrol(district, who, utc_now())
        assert [row.name for row in district.rows() if "/" in row.name] == [
            f"{REGION}/schoolwatch/canary"
        ]


def test_what_ends_soon_is_renewed_and_the_rest_is_not() -> None:
    with made() as district:
        rows = len(district.rows())
        assert renew.renew(district, utc_now()) == []
        soon = utc_now() + timedelta(days=800)
        every = ["collector/events", "collector/readings", "collector/claims"]
        every += ["watchdog/canary", "mosquitto/monitor", "mosquitto/server"]
        assert renew.renew(district, soon) == every
        assert renew.renew(district, soon) == []
        assert len(district.rows()) == rows + 6
        assert district.broker_hosts()[0] == HOST


def test_the_broker_gets_another_name_when_told() -> None:
    with made() as district:
        assert renew.renew(district, utc_now(), ["new.example"]) == ["mosquitto/server"]
        assert district.broker_hosts()[:2] == ["new.example", HOST]
        assert renew.renew(district, utc_now(), ["new.example"]) == []


def test_the_list_says_what_ends_soon_and_counts_it_as_wrong() -> None:
    with made() as district:
        fine = ran("list", district.folder)
        assert (fine.returncode, fine.stdout.count("good")) == (0, 6)
        enrol.enrol(district, A, utc_now(), days=20)
        soon = ran("list", district.folder)
        assert soon.returncode == 1
        assert [line.split()[2] for line in soon.stdout.splitlines() if line[:4] == "SOON"] == [
            str(A)
        ]
        enrol.enrol(district, A, utc_now(), again=True)
        assert ran("list", district.folder).returncode == 0


def test_a_register_that_somebody_wrote_into_is_named_by_line() -> None:
    with made() as district:
        home = district.folder / "authority"
        whole = (home / "issued.csv").read_text()
        (home / "issued.csv").write_text(whole + "not,a,row\n")
        with pytest.raises(ConfigError, match=r"issued\.csv:8: this is no row"):
            register.read(home)
        (home / "issued.csv").write_text("something else\n")
        with pytest.raises(ConfigError, match=r"issued\.csv:1: expected the header"):
            register.read(home)
        (home / "issued.csv").write_text(whole)
        assert len(register.read(home)) == 6


def test_a_folder_that_is_no_district_says_how_one_is_made(tmp_path: Path) -> None:
    done = ran("agent", tmp_path, A.region, A.school, A.agent)
    assert done.returncode == 2
    assert "collector.toml cannot be read: No such file" in done.stderr
    with pytest.raises(ConfigError, match="schoolwatch deploy init"):
        District(tmp_path).signer()


def test_an_agent_is_told_the_key_of_the_audit_log_where_the_collector_has_one() -> None:
    with made() as district:
        without = enrol.enrol(district, A, utc_now())
        assert without.audit_key == ""
        log = Log("d1")
        pem = log.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (district.folder / "collector" / enrol.PUBLIC_KEY).write_bytes(pem)
        pinned = enrol.enrol(district, B, utc_now())
        assert f'audit_key = "{log.verifier}"' in (pinned.folder / "agent.toml").read_text()
