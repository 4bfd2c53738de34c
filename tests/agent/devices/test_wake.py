"""Wake-on-LAN: what is sent, where to, and that nobody is woken whose configuration is silent."""

import socket
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from agent import wakecli
from agent.devices.wake import own_networks, packet_for, waking
from core.errors import ConfigError
from tests.agent.devices.acting import device

MAC = "02:00:5e:00:53:01"
RAW = bytes.fromhex("02005e005301")
HERE = [IPv4Interface("127.0.0.1/8"), IPv4Interface("192.0.2.9/25"), IPv4Interface("10.0.0.1/32")]
WHO = 'kind = "agent"\nidentity = { region = "1", school = "2", agent = "3" }\n'

Out = pytest.CaptureFixture[str]


def test_the_packet_is_six_times_ff_and_sixteen_times_the_address() -> None:
    assert packet_for(MAC) == packet_for("02-00-5E-00-53-01") == b"\xff" * 6 + RAW * 16
    assert len(packet_for(MAC, b"secret")) == 108


@pytest.mark.parametrize(
    ("host", "broadcast", "goes_to"),
    [
        ("192.0.2.31", "", ("192.0.2.127", 9)),
        ("192.0.2.200", "192.0.2.255", ("192.0.2.255", 9)),
        ("", "192.0.2.255:7", ("192.0.2.255", 7)),
    ],
)
def test_it_goes_into_the_network_of_the_device(
    host: str, broadcast: str, goes_to: tuple[str, int]
) -> None:
    sent = waking(device("pc", wake_mac=MAC, wake_broadcast=broadcast), host, HERE)
    assert (sent.address, sent.port) == goes_to


@pytest.mark.parametrize(
    ("host", "mac", "why"),
    [
        ("192.0.2.31", "", "pc may not be woken: its configuration has no wake_mac"),
        ("", MAC, "pc has no host to tell its network by: set wake_broadcast"),
        ("192.0.2.200", MAC, r"pc \(192.0.2.200\) is in no network of this machine"),
        ("10.0.0.1", MAC, "is in no network of this machine: set wake_broadcast"),
    ],
)
def test_what_may_not_be_woken_is_not(host: str, mac: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        waking(device("pc", wake_mac=mac), host, HERE)


def test_this_machine_knows_its_own_networks() -> None:
    assert any(one.ip.is_loopback for one in own_networks())


def row(tmp_path: Path, more: str) -> str:
    file = tmp_path / "agent.toml"
    keys = 'id = "pc"\nkind = "computer"\ndriver = "ping"\nhost = "127.0.0.1"\n'
    file.write_text(f"{WHO}[[devices.list]]\n{keys}{more}\n")
    return str(file)


def test_a_socket_receives_the_packet_with_its_password_and_a_person_is_told(
    tmp_path: Path, capsys: Out
) -> None:
    (tmp_path / "secureon").write_text("02:00:5e:00:53:02\n")
    (tmp_path / "secureon").chmod(0o600)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as card:
        card.bind(("127.0.0.1", 0))
        card.settimeout(10)
        port = card.getsockname()[1]
        more = f'wake_mac = "{MAC}"\nwake_secureon_file = "secureon"\n'
        file = row(tmp_path, f'{more}wake_broadcast = "127.0.0.1:{port}"')
        assert wakecli.main(["pc", "--config", file]) == 0
        packets = [card.recv(2000) for _ in range(3)]
    assert packets == [b"\xff" * 6 + RAW * 16 + bytes.fromhex("02005e005302")] * 3
    assert capsys.readouterr().out == (
        f"sent 3 magic packets of 108 bytes for {MAC} with its SecureOn password "
        f"to 127.0.0.1 port {port} (UDP)\n"
    )


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("", "not sent: pc may not be woken: its configuration has no wake_mac\n"),
        (f'wake_mac = "{MAC}"\nwake_secureon_file = "secureon"', "holds no six bytes as"),
    ],
)
def test_a_refusal_says_why_and_nothing_else(
    more: str, why: str, tmp_path: Path, capsys: Out
) -> None:
    (tmp_path / "secureon").write_text("no bytes")
    (tmp_path / "secureon").chmod(0o600)
    assert wakecli.main(["pc", "--config", row(tmp_path, more)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert why in said.err
    assert "no bytes" not in said.err


def test_a_device_that_the_file_lacks_is_not_woken(tmp_path: Path, capsys: Out) -> None:
    assert wakecli.main(["pcc", "--config", row(tmp_path, "")]) == 2
    assert "has no device 'pcc'; did you mean 'pc'?" in capsys.readouterr().err
