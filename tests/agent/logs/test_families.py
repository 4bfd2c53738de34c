"""Every family of firewalls is held to lines as its devices write them, and reads no person."""

import json
import re
from dataclasses import fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.logs.bodies import MOST_CHARS, MOST_FIELDS, READERS
from agent.logs.family import families_of, read_family
from agent.logs.line import Malformed, read_line
from agent.logs.record import Reader, Record, named
from core.errors import ConfigError

CASES = Path(__file__).parents[2] / "cases/logs"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/expected.json"))
NAMES = ("bob", "admin", "张三", "李四", "王五", "wjj", "lisi", "wang", "13800138000", "1101012010")
READERS_OF = {name: Reader(family) for name, family in families_of().items()}


def lines_of(case: Path) -> list[bytes]:
    return (case / "lines.log").read_bytes().splitlines()


def shown(record: Record | None) -> dict[str, Any] | None:
    if record is None:
        return None
    told: dict[str, Any] = {"kind": record.rule.kind, "verdict": record.rule.verdict}
    if record.rule.person:
        assert Record(record.rule) == record, "nothing else is read of it"
        return {**told, "person": True}
    more = {
        "source": str(ip_address(record.source)) if record.source else "",
        "target": str(ip_address(record.target)) if record.target else "",
        "port": record.port,
        "bssid": record.bssid.hex(":"),
        "threat": record.threat,
        "blocked": record.blocked,
        "minor": record.minor,
        "count": record.count if record.count != 1 else 0,
    }
    return told | {key: value for key, value in more.items() if value}


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_each_line_means_what_its_vendor_says(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text("utf-8"))
    assert expected["source"].partition(":")[0] in {"recorded", "made"}
    reader = READERS_OF[case.parent.name]
    assert [shown(reader.read(read_line(data), data)) for data in lines_of(case)] == expected[
        "records"
    ]


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_line_is_recognised_as_one_of_its_own_family_only(case: Path) -> None:
    for data in lines_of(case):
        text = read_line(data).text
        found = [name for name, one in families_of().items() if re.search(one.recognise, text)]
        assert found == [case.parent.name]


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_of_no_line_a_person_is_read(case: Path) -> None:
    for data in lines_of(case):
        record = READERS_OF[case.parent.name].read(read_line(data), data)
        if record is not None:
            texts = [
                value
                for one in fields(record)
                if isinstance(value := getattr(record, one.name), str) and one.name != "sha256"
            ]
            assert not [name for name in NAMES if name in " ".join(texts)]


def test_each_family_is_held_to_the_cases_that_it_names() -> None:
    named_ones = {case for family in families_of().values() for case in family.cases}
    assert named_ones == {f"{case.parent.name}/{case.name}" for case in FOLDERS}


@pytest.mark.parametrize(
    "text",
    [
        *("bob@example.cn", "call 13800138000", "id 110101201001011234", "11010120100101123X"),
        *("see http://x.cn/a", "www.example.cn", "from 192.168.3.4"),
    ],
)
def test_what_may_be_a_persons_is_no_name_of_an_attack(text: str) -> None:
    assert named(f"Attack {text}") == ""
    assert named(f"攻击{text}") == ""


@pytest.mark.parametrize(
    "text", ["CVE-2017-5638 Apache Struts2 S2-046 远程命令执行漏洞", "MS17-010", "XMRig 6.21.3"]
)
def test_the_name_of_an_attack_stays(text: str) -> None:
    assert named(text) == text


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"<34>", "empty"),
        (b"<192>Nov 28 09:00:01 fw text", "priority"),
        (b"<999>text", "priority"),
        (b"<34>1 2026-11-28T09:00:01Z host app 1 - [cut", "structured_data"),
        (b"<34>1 2026-11-28T09:00:01Z host app 1 - ?", "structured_data"),
    ],
)
def test_what_is_no_line_says_why(data: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read_line(data)


# RFC 5424 section 6.5 and RFC 3164 section 5.4, with the examples that stand there; vendors' own.
@pytest.mark.parametrize(
    ("line", "host", "text"),
    [
        (
            "<34>1 2003-10-11T22:14:15.003Z a.example.com su - ID47 - \ufeff'su root' failed",
            *("a.example.com", "'su root' failed"),
        ),
        (
            '<165>1 2003-10-11T22:14:15.003Z m e - ID47 [a@32473 iut="3" s="\\]\\""][b@1] An',
            *("m", "An"),
        ),
        ("<165>1 - - - - - - text", "-", "text"),
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
            *("mymachine", "su: 'su root' failed for lonvick on /dev/pts/8"),
        ),
        ("<0>Use the BFG!", "", "Use the BFG!"),
        ("no priority at all", "", "no priority at all"),
        ("<188>Dec  1 19:36:36 2019 H3C %%10IPS/4/X: A=1", "H3C", "%%10IPS/4/X: A=1"),
        ("<188>Oct 15 2024 02:56:26+08:00 USG %%01IPS/4/X(l):t", "USG", "%%01IPS/4/X(l):t"),
        ("<188>2018-07-22 11:19:31 sysname %%01A/4/B(l): t", "sysname", "%%01A/4/B(l): t"),
        ("<188>2026-02-05 01:51:21, WARNING@LOGIN: t", "", "WARNING@LOGIN: t"),
        ("<134>Nov 28 09:00:01 CEF:0|V|P|1|1|n|1|", "", "CEF:0|V|P|1|1|n|1|"),
    ],
)
def test_the_head_of_a_line_is_read_as_it_is_written(line: str, host: str, text: str) -> None:
    for data in (line.encode(), line.encode() + b"\n\0"):
        found = read_line(data)
        assert (found.host, found.text) == (host, text)


def test_cef_is_read_with_its_escapes() -> None:
    line = r"CEF:0|security|threat\|manager|1.0|1|a \\ b|10|src=::1 act=a \= b msg=c\nd  cs1="
    found = READERS["cef"](line)
    assert (found["cef.product"], found["cef.name"]) == ("threat|manager", r"a \ b")
    assert (found["act"], found["msg"], found["cs1"]) == ("a = b", "c\nd", "")


@given(st.binary(max_size=400))
@example(b'<34>1 2003-10-11T22:14:15.003Z a b c d [x y="' + b"\\" * 99)
@example(b"CEF:0|" + b"\\|" * 50 + b"|||||| = = a= b=")
@example("日志类型:，,:：".encode("gb18030"))
def test_no_bytes_break_a_reader(data: bytes) -> None:
    for prefix in (
        b"",
        b"<34>",
        b"<34>Nov 28 09:00:01 fw ",
        b"CEF:0|a|b|c|d|e|f|",
        b"%%01IPS/4/X:(",
    ):
        try:
            line = read_line(prefix + data)
        except Malformed:
            continue
        for reader in READERS_OF.values():
            reader.read(line, data)


PAIRS = st.lists(st.tuples(st.text("abc源IP=,;:\"'()\\ \n", max_size=9), st.text(max_size=9)))


@given(PAIRS, st.sampled_from(["; ", ", ", " "]), st.sampled_from(["=", ":"]))
def test_fields_are_bounded_whatever_is_sent(
    pairs: list[tuple[str, str]], between: str, is_: str
) -> None:
    text = between.join(f"{name}{is_}{value}" for name, value in pairs) * 20
    for reader in READERS.values():
        found = {**reader("CEF:0|a|b|c|d|e|f|" + text), **reader(text)}
        assert len(found) <= 2 * MOST_FIELDS
        assert all(len(value) <= MOST_CHARS for value in found.values())


def test_a_line_of_any_length_is_read_in_time_that_grows_with_it() -> None:
    # Patterns that go back and forth would take minutes for these; each takes milliseconds.
    for text in (
        "CEF:0|" * 4000,
        'logid="0000000000" ' * 900,
        "Device MAC=" * 900,
        "SignName=" * 999,
    ):
        for reader in READERS_OF.values():
            data = f"<34>Nov 28 09:00:01 fw %%01WLAN/5/X: {text}".encode()
            reader.read(read_line(data), data)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ('kind = "firewall_atack"', "did you mean 'firewall_attack'"),
        ('kind = "firewall_silent"', "is none that a line can tell"),
        ('kind = "link_down"', "is none that a line can tell"),
        ('person = true\nkind = "firewall_scan"', "of what a person did nothing is told"),
        ("quiet_s = 0", "expected"),
        ('verdict = "张三"', "small letters"),
    ],
)
def test_a_family_with_a_mistake_is_refused_with_a_sentence(
    tmp_path: Path, change: str, why: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'kind = "logs"\ntitle = "t"\nreference = "r"\ncases = ["c"]\nrecognise = "x"\n'
        f'format = "cef"\n[fields]\n[[rule]]\nwhen = {{ message = "." }}\n{change}\n'
    )
    with pytest.raises(ConfigError, match=why):
        read_family(path)
