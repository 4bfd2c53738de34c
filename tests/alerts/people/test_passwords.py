"""What is kept of a password, and which are too weak."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.people import passwords
from alerts.people.passwords import NOBODYS, fits, hash_mistake, hashed, weakness
from tests.alerts.people.made import PASSWORD, cheap_hashes


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


def test_a_password_fits_its_own_hash_and_no_other() -> None:
    one, other = hashed(PASSWORD), hashed(PASSWORD)
    assert one != other, "without a salt of its own two equal passwords are seen to be equal"
    assert PASSWORD not in one
    assert fits(PASSWORD, one)
    assert not fits(PASSWORD + " ", one)
    assert not fits(PASSWORD.lower(), one)
    assert not fits("", NOBODYS)


def test_the_same_letters_fit_however_a_keyboard_puts_them_together() -> None:
    assert fits("Cafe\u0301 Tangerine 7", hashed("Caf\u00e9 Tangerine 7"))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("Short1A!", "at least 10"),
        ("x" * 257, "at most 256"),
        ("aaaaaaaaaaA1", "different"),
        ("Password2026!", "everybody tries"),
        ("Admin@123456", "everybody tries"),
        ("onlysmalltext", "mixes three"),
        ("Zhang.San 77", "name"),
        ("Tab\tTangerine7", "printed"),
    ],
)
def test_a_weak_password_is_refused_and_said_why(password: str, why: str) -> None:
    assert why in weakness(password, "zhang.san", "张三")


@pytest.mark.parametrize(
    "password", [PASSWORD, "correct horse battery", "Tangerine7ri", "桔子河流渡船7Tang"]
)
def test_a_good_one_is_taken(password: str) -> None:
    assert weakness(password, "zhang.san", "张三") == ""


@pytest.mark.parametrize(
    "kept",
    [
        "",
        PASSWORD,
        "$argon2id$v=19$m=65536,t=3,p=4$abc$def",
        "scrypt$1024$8$1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
        "scrypt$1073741824$8$1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
        "scrypt$32768$8$3$AAAA$" + "A" * 43,
        "scrypt$32768$8$3$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        "scrypt$32767$8$3$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
        "scrypt$32768$8$3$AAAAAAAAAAAAAAAAAAAAA!$" + "A" * 43,
    ],
)
def test_what_is_no_hash_is_refused_and_not_quoted(kept: str) -> None:
    mistake = hash_mistake(kept)
    assert "no hash" in mistake
    assert not kept or kept not in mistake


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_no_text_in_a_file_makes_reading_it_fail_otherwise(kept: str) -> None:
    for text in (kept, f"scrypt${kept}", f"scrypt$16384$8$1${kept}${kept}"):
        assert isinstance(hash_mistake(text), str)


def test_what_is_made_is_what_a_file_may_hold() -> None:
    assert hash_mistake(hashed(PASSWORD)) == ""
    assert hash_mistake(NOBODYS) == ""
    assert passwords.SAMPLE.split("$")[1:4] == ["32768", "8", "3"]
