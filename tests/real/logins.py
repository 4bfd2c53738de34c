"""Servers of this machine's packages in a host of the lab; only that of telnet lets anybody in."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

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

PASSWORD: Final = "right-horse"
"""What `teacher` may log in with by telnet, as sha512crypt has it in `SHADOW`."""
PASSWD = "root:x:0:0::/:/bin/sh\nteacher:x:65534:65534::/:/bin/sh\n"
SHADOW = (
    "teacher:$6$lab$B34escwzE9xPXCSgaGOjbybs9f3p2tUfw1yJvGB1"
    "joebCr9U.UEamSpWttHPRiWnsBdzDtp./DReZA5weoic91:1::::::\n"
)


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


def need_telnetd() -> None:
    """Skip the test where busybox is missing or has no telnetd; Debian's `busybox` has none."""
    busybox = found("busybox")
    words = [busybox, "--list"] if busybox else ["true"]
    if "telnetd" not in subprocess.run(words, capture_output=True, check=True, text=True).stdout:
        pytest.skip("busybox has no telnetd: apt-get install busybox-static")


def telnetd(host: Host, folder: Path) -> None:
    """Serve telnet on *host* as switches and cameras do: three passwords, three seconds apart.

    Who logs in there is in files of *folder*, laid over those of this machine for this server
    alone: each command of a namespace has mounts of its own.
    """
    _written(folder / "passwd", PASSWD)
    _written(folder / "shadow", SHADOW).chmod(0o600)
    _written(folder / "login", "#!/bin/sh\nexec busybox login\n").chmod(0o755)
    issue = _written(folder / "issue", "Switch of room 3\n")
    lay = "".join(f"mount --bind {folder}/{name} /etc/{name} && " for name in ("passwd", "shadow"))
    serve = f"exec busybox telnetd -F -b {host.address} -l {folder}/login -f {issue}"
    host.start("sh", "-c", lay + serve, log=folder / "telnetd.log")
    _answers(host, 23)


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
