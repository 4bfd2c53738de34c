"""SNMP version 3, asked of a real snmpd; what that cannot be made to do, a few bytes do."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.devices.snmp.asuser import AsUser
from agent.devices.snmp.engines import Engines
from agent.devices.snmp.session import WrongCredentials
from agent.devices.snmp.user import User
from agent.devices.snmp.walking import Walker
from core.errors import ConfigError, TargetUnreachable
from tests.real import snmpd

NAME, IF_NAME, NONE = "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.4.1.99999.1.0"
AUTH, PRIV = "auth-secret", "priv-secret"

PLAIN = User("plain")
USERS = [
    PLAIN,
    *(User(f"a{auth}", auth, AUTH) for auth in ("MD5", "SHA", "SHA-224", "SHA-256")),
    *(User(f"a{auth}", auth, AUTH) for auth in ("SHA-384", "SHA-512")),
    *(User(f"p{priv}", "SHA-256", AUTH, priv, PRIV) for priv in ("DES", "AES")),
    *(User(f"p{priv}", "SHA-512", AUTH, priv, PRIV) for priv in ("AES-192", "AES-256")),
]
SECURE = next(user for user in USERS if user.name == "pAES")


def lines(user: User) -> str:
    """Return what makes *user* known to snmpd."""
    level = "priv" if user.priv_protocol else "auth" if user.auth_protocol else "noauth"
    auth = f'{user.auth_protocol} "{AUTH}"' if user.auth_protocol else ""
    priv = f'{user.priv_protocol} "{PRIV}"' if user.priv_protocol else ""
    return f"createUser {user.name} {auth} {priv}\nrouser {user.name} {level}\n"


def started(folder: Path, users: Iterable[User]) -> snmpd.Snmpd:
    snmpd.need()
    more = "sysname 三年级\n" + "".join(map(lines, users))
    device = snmpd.Snmpd(folder, snmpd.free_udp_port(), more)
    device.start()
    return device


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[snmpd.Snmpd]:
    """One for all, since it takes seconds to know them all."""
    device = started(tmp_path_factory.mktemp("snmpd"), USERS)
    yield device
    device.stop()


@pytest.fixture
def router(tmp_path: Path) -> Iterator[snmpd.Snmpd]:
    """One to start again."""
    device = started(tmp_path, [SECURE])
    yield device
    device.stop()


@pytest_asyncio.fixture
async def engines() -> AsyncIterator[Engines]:
    engines = Engines()
    yield engines
    engines.close()


def session(engines: Engines, port: int, user: User, timeout_s: float = 5.0) -> Walker:
    return Walker(AsUser("127.0.0.1", port, user, timeout_s, 0, engines=engines))


@pytest.mark.real("snmpd")
async def test_each_protocol_reads_values_and_columns(
    device: snmpd.Snmpd, engines: Engines
) -> None:
    refused = []
    for user in USERS:
        asking = session(engines, device.port, user)
        try:
            assert await asking.get(NAME, NONE) == {NAME: "三年级".encode(), NONE: None}
            assert b"lo" in (await asking.column(IF_NAME)).values()
        except WrongCredentials:
            refused.append(user.name)
    # Some are built without AES of more than 128 bits; then they know no such user.
    assert set(refused) <= {"pAES-192", "pAES-256"}


@pytest.mark.real("snmpd")
@pytest.mark.parametrize(
    ("user", "said"),
    [
        (User("nobody"), "does not know the user 'nobody'"),
        (User("aSHA", "SHA", "wrong-password"), "refuses auth_password or auth_protocol"),
        (User("aSHA", "MD5", AUTH), "refuses auth_password or auth_protocol"),
        (User("plain", "SHA", AUTH), "knows other protocols for the user"),
        (User("aSHA"), "not allowed to read that"),
        (User("pAES", "SHA-256", AUTH, "AES", "wrong-password"), r"priv_password or priv_protocol"),
        (User("pAES", "SHA-256", AUTH, "DES", PRIV), "priv_password (or|and) priv_protocol"),
    ],
)
async def test_wrong_credentials_are_said_and_not_quoted(
    device: snmpd.Snmpd, engines: Engines, user: User, said: str
) -> None:
    asking = session(engines, device.port, user, 1.0)
    for _ in range(2):  # the second time the engine knows the device
        with pytest.raises(WrongCredentials, match=said) as raised:
            await asking.get(NAME)
        assert not any(one in f"{raised.value}{user!r}" for one in (AUTH, PRIV, "wrong-password"))
    right = await session(engines, device.port, SECURE).get(NAME)
    assert right == {NAME: "三年级".encode()}


@pytest.mark.real("snmpd")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("exactEngineID 0x8000000001020304\nengineBoots 5", "engineBoots 6"),
        ("exactEngineID 0x8000000001020304\nengineBoots 5", "engineBoots 2"),
        ("exactEngineID 0x8000000001020304", "exactEngineID 0x8000000001020305"),
    ],
    ids=["a start", "a start that forgets how many", "another engine"],
)
async def test_a_device_that_starts_again_is_known_again(
    router: snmpd.Snmpd, engines: Engines, before: str, after: str
) -> None:
    router.stop()
    common = router.more
    router.more = f"{common}{before}\n"
    router.start()
    asking = session(engines, router.port, SECURE, 1.5)
    assert await asking.get(NAME)
    router.stop()
    with pytest.raises(TargetUnreachable, match="no answer by SNMP"):
        await asking.get(NAME)
    router.more = f"{common}{before.partition('engineBoots')[0]}{after}\n"
    router.start()
    assert await asking.get(NAME) == {NAME: "三年级".encode()}


@pytest.mark.real("snmpd")
async def test_two_with_one_name_and_other_keys_do_not_take_each_others(
    device: snmpd.Snmpd, engines: Engines, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    keys = User("pAES", "SHA-256", "other-secret", "AES", "other-secret")
    more = 'createUser pAES SHA-256 "other-secret" AES "other-secret"\nrouser pAES priv\n'
    other = snmpd.Snmpd(tmp_path / "other", snmpd.free_udp_port(), more)
    other.start()
    try:
        for _ in range(2):
            assert await session(engines, device.port, SECURE).get(NAME)
            assert await session(engines, other.port, keys).get(NAME)
    finally:
        other.stop()


@pytest.mark.real("snmpd")
async def test_an_engine_takes_over_from_one_that_knows_many_and_loses_no_question(
    device: snmpd.Snmpd,
) -> None:
    engines = Engines(most_targets=3)
    seen = set()
    try:
        for _ in range(3):
            silent = [session(engines, port, SECURE, 0.5).get(NAME) for port in range(1, 5)]
            asking = session(engines, device.port, SECURE).get(NAME)
            *errors, found = await asyncio.gather(*silent, asking, return_exceptions=True)
            assert found == {NAME: "三年级".encode()}
            assert all(isinstance(error, TargetUnreachable) for error in errors)
            seen |= {id(engine) for engine in engines._engines.values()}
        assert len(engines._engines) == 1
        assert all(len(engine.targets) <= 3 for engine in engines._engines.values())
    finally:
        engines.close()


class Garbage(asyncio.DatagramProtocol):
    """Answers everything with the same bytes, and with the question itself."""

    def __init__(self, said: bytes) -> None:
        self.said = said
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for answer in (self.said, data, data[: len(data) // 2]):
            self.transport.sendto(answer, addr)


@pytest.mark.real("snmpd")
@pytest.mark.parametrize(
    "said", [b"\x30", b"\x30\x03\x02\x01\x03", b"HTTP/1.1 400\r\n", b"\xff" * 99]
)
async def test_one_that_answers_garbage_leaves_its_neighbours_alone(
    device: snmpd.Snmpd, engines: Engines, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    made, _ = await loop.create_datagram_endpoint(
        lambda: Garbage(said), local_addr=("127.0.0.1", 0)
    )
    port = made.get_extra_info("sockname")[1]
    try:
        for _ in range(2):
            bad = asyncio.ensure_future(session(engines, port, SECURE, 0.5).get(NAME))
            for _ in range(5):
                assert await session(engines, device.port, SECURE).get(NAME)
            with pytest.raises(TargetUnreachable):
                await bad
    finally:
        made.close()
    assert not [one for one in caplog.records if one.levelname in {"ERROR", "CRITICAL"}]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": ""}, "version 3 needs user"),
        ({"name": "x" * 33}, "version 3 needs user"),
        ({"name": "x", "auth_protocol": "SHA"}, "needs auth_password_file with a password of 8"),
        ({"name": "x", "priv_protocol": "AES"}, "priv_protocol needs auth_protocol beside it"),
    ],
)
def test_what_does_not_fit_together_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        User(**options)
