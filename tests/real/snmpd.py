"""Debian's snmpd on a loopback port of its own: it tells of this machine's interfaces."""

import os
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import until_sync

COMMUNITY = "sesam"
"""snmpd.conf ends a word at a blank, so no blank in it."""

CONFIGURATION = """\
agentaddress udp:127.0.0.1:{port}
rocommunity {community} 127.0.0.1
{more}
"""

# What a shell without sbin lacks.
PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def need() -> None:
    """Skip the test where there is no snmpd."""
    if shutil.which("snmpd", path=PLACES) is None:
        pytest.skip("no snmpd: scripts/test installs it, or: apt-get install snmpd")


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@dataclass
class Snmpd:
    """One that can be stopped and started again on its port; all that it keeps lies in *folder*."""

    folder: Path
    port: int
    more: str = ""
    without: str = ""
    """Modules of it that are left out, with commas between them."""
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        file, log = self.folder / "snmpd.conf", self.folder / "snmpd.log"
        file.write_text(CONFIGURATION.format(port=self.port, community=COMMUNITY, more=self.more))
        log.unlink(missing_ok=True)
        # -C: no other file is read; -m: no MIB is looked for; -f: it stays our child.
        command = ["snmpd", "-f", "-C", "-c", str(file), "-Lf", str(log), "-m", ""]
        command += ["-I", f"-{self.without}"] if self.without else []
        self.process = subprocess.Popen(
            command,
            env={"PATH": PLACES, "SNMP_PERSISTENT_DIR": str(self.folder / "kept")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until_sync(lambda: log.exists() and "NET-SNMP version" in log.read_text(), 30)

    def suspend(self) -> None:
        """Have it answer nothing, as a device that is off."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)  # else it would not hear of its end
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
