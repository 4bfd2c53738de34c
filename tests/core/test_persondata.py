"""Numbers of persons are found however they are written, and what only looks like one is not."""

import gzip
import json
from random import Random
from urllib.parse import quote

import pytest

from core.personbytes import find_bytes, removed_bytes
from core.persondata import find, removed
from tests.persons import identity_number, mobile_number, wide

ID, PHONE = identity_number(), mobile_number()
WITH_X = next(one for one in map(identity_number, range(999)) if one.endswith("X"))


@pytest.mark.parametrize(
    "text",
    [
        ID,
        WITH_X,
        WITH_X.lower(),
        f"身份证号{ID}，男",
        f"{ID[:6]} {ID[6:14]} {ID[14:]}",
        "-".join((ID[:4], ID[4:8], ID[8:12], ID[12:])),
        wide(WITH_X),
        f'"{ID}"',
        f"pupil={ID}i 1795374585000000000",
        f"a\\n{ID}",
    ],
)
def test_an_identity_number_is_found_however_it_is_written(text: str) -> None:
    (found,) = find(text)
    assert found.kind == "identity_number"
    assert found.mask.strip("*") == found.mask[:3], "never the number itself"


@pytest.mark.parametrize(
    "text",
    [
        PHONE,
        f"+86{PHONE}",
        f"+86 {PHONE[:3]}-{PHONE[3:7]}-{PHONE[7:]}",
        f"0086{PHONE}",
        f"电话{PHONE}。",
        f"tel{PHONE}",
        f"call {PHONE}.",
        f"{PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}",
        wide(PHONE),
        f"x%3A{PHONE}",
        f"phone={PHONE}i",
    ],
)
def test_a_mobile_number_is_found_however_it_is_written(text: str) -> None:
    (found,) = find(text)
    assert found.kind == "mobile_number"
    assert removed(text).count("[phone number removed]") == 1


@pytest.mark.parametrize(
    "text",
    [
        "1795374585000000000",
        "1795374585123",
        f"{PHONE}0",
        f"1.3.6.1.4.1.{PHONE}",
        f"{PHONE}.25",
        f"0.{PHONE}",
        f"ab{PHONE}cd",
        f"7f{PHONE}",
        f"{ID[:17]}{(int(ID[17], 16) + 1) % 10 if ID[17] != 'X' else 1}",
        "00:13:81:23:45:67",
        "2026-11-29 13:12:34.567890",
        f"v{PHONE}",
        "550e8400-e29b-41d4-a716-138123456780",
        f"640104{'19991332'}1234",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert find(text) == []
    assert removed(text) is text


def test_an_old_number_has_an_area_and_a_date() -> None:
    assert [one.kind for one in find("640104800101123")] == ["old_identity_number"]
    assert find("640104801301123") == []
    assert find("990104800101123") == []


def test_two_in_one_text_are_two_and_what_is_around_them_stays() -> None:
    assert removed(f"a {ID}, b {PHONE}; c") == "a [id number removed], b [phone number removed]; c"


@pytest.mark.parametrize("number", [ID, PHONE])
def test_escapes_and_encodings_hide_nothing(number: str) -> None:
    escaped = "".join(f"\\u{ord(char):04x}" for char in number)
    encoded = "".join(f"%{ord(char):02X}" for char in number)
    for data in (
        f"学生 {number}".encode("gbk"),
        f"学生{wide(number)}".encode("gbk"),
        f"学生{wide(number)}".encode(),
        f"学生 {number} ".encode("utf-16-le"),
        f"学生 {number} ".encode("utf-16-be"),
        f"学生{wide(number)}".encode("utf-16"),
        f'{{"x":"{escaped}"}}'.encode(),
        json.dumps({"x": wide(number)}).encode(),
        f"?id={encoded}&x=1".encode(),
        f"?id={quote(wide(number))}".encode(),
        b"\x00\x01\x1f" + number.encode() + b"\x00\xff",
    ):
        assert len(find_bytes(data)) == 1, data
        left, count = removed_bytes(data)
        assert count == 1
        assert find_bytes(left) == []


def test_of_random_numbers_nearly_none_is_an_identity_number() -> None:
    rolled = Random(11)
    wrong = sum(bool(find(str(rolled.randint(10**17, 10**18 - 1)))) for _ in range(20_000))
    assert wrong <= 3
    times = (str(1_795_374_585_000_000_000 + rolled.getrandbits(58)) for _ in range(5_000))
    assert not any(map(find, times))
    hashes = (f"{rolled.getrandbits(256):064x}" for _ in range(5_000))
    assert not any(map(find, hashes))
    noise = gzip.compress(rolled.randbytes(100_000))
    assert find_bytes(noise) == []


@pytest.mark.parametrize("name", ["available", "bytes_recv", "available_last"])
def test_bytes_that_look_like_a_mobile_number_are_measured_and_stay(name: str) -> None:
    for number in (PHONE, ID):
        assert find(f"mem,host=a total=1i,{name}={number}i,free=2i 1795374585000000000") == []
        assert find(f"mem {name}={number}i") == []
    for line in (f"mem {name}={PHONE}", f"mem phone={PHONE}i", f'mem {name}="{PHONE}"', PHONE):
        assert len(find(line)) == 1
