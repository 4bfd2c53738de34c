"""The examples of RFC 7616 and 7617, and challenges as devices make them."""

import pytest

from agent.clients.httpauth import Account, authorization

MUFASA = Account("Mufasa", "Circle of Life")
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
MORE = f'realm="http-auth@example.org", qop="auth, auth-int", nonce="{NONCE}", opaque="FQhe"'


def said(*challenges: str, basic: bool = True) -> str:
    return authorization(
        challenges, MUFASA, "GET", "/dir/index.html", basic=basic, cnonce=lambda: CNONCE
    )


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    header = said(f"Digest {MORE}, algorithm={algorithm}")
    assert f'response="{response}"' in header
    assert f"algorithm={algorithm}" in header


def test_the_better_algorithm_is_taken_also_of_one_header() -> None:
    both = f"Digest {MORE}, algorithm=MD5, Digest {MORE}, algorithm=SHA-256"
    assert "algorithm=SHA-256" in said(both)
    assert "algorithm=SHA-256" in said('Basic realm="x"', both)


def test_a_device_of_rfc_2069_is_answered_without_qop() -> None:
    account = Account("Mufasa", "CircleOfLife")
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    challenge = f'Digest realm="testrealm@host.com", nonce="{nonce}"'
    header = authorization([challenge], account, "GET", "/dir/index.html")
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in header
    assert "nc=" not in header


def test_the_example_of_rfc_7617() -> None:
    account = Account("Aladdin", "open sesame")
    header = authorization(['Basic realm="WallyWorld"'], account, "GET", "/")
    assert header == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_a_password_never_travels_as_it_is_where_that_is_not_allowed() -> None:
    assert said('Basic realm="x"', basic=False) == ""
    assert said("Negotiate", "Bearer x", "Digest realm=x", "Digest algorithm=MD9, nonce=1") == ""


def test_an_account_is_not_shown_with_its_password() -> None:
    assert "Circle" not in repr(MUFASA)
