"""Servers of this machine's packages in a host of the lab, which accept no password at all."""

from pathlib import Path

from tests.real.attacks import Host, found
from tests.waiting import until_sync

SSHD = """\
ListenAddress {address}
HostKey {folder}/key
PidFile none
UsePAM no
PasswordAuthentication yes
PermitRootLogin no
"""
VSFTPD = """\
listen=YES
listen_address={address}
background=NO
anonymous_enable=NO
local_enable=YES
seccomp_sandbox=NO
"""


def _without_names(host: Host) -> None:
    """Let no server on *host* wait for a resolver that is not there."""
    for line in Path("/etc/resolv.conf").read_text().splitlines():
        words = line.split()
        if words[:1] == ["nameserver"] and "." in words[1] and not words[1].startswith("127."):
            host.namespace.ip(f"route replace unreachable {words[1]}")


def sshd(host: Host, folder: Path) -> None:
    """Serve ssh on *host*; its files go to *folder*."""
    Path("/run/sshd").mkdir(exist_ok=True)
    key = folder / "key"
    host.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    config = _written(folder / "sshd_config", SSHD.format(address=host.address, folder=folder))
    host.start(found("sshd") or "sshd", "-D", "-e", "-f", str(config), log=folder / "sshd.log")
    _answers(host, 22)


def vsftpd(host: Host, folder: Path) -> None:
    """Serve FTP on *host*."""
    _without_names(host)
    config = _written(folder / "vsftpd.conf", VSFTPD.format(address=host.address))
    Path("/var/run/vsftpd/empty").mkdir(parents=True, exist_ok=True)
    host.start("vsftpd", str(config), log=folder / "vsftpd.log")
    _answers(host, 21)


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _answers(host: Host, port: int) -> None:
    """Wait until somebody listens on *port* of *host*."""
    entry = f":{port:04X} "

    def listens() -> bool:
        tables = host.namespace.inside(lambda: Path("/proc/thread-self/net/tcp").read_text())
        return any(entry in row and " 0A " in row for row in tables.splitlines())

    until_sync(listens, 20)
