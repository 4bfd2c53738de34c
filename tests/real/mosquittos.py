"""The deployment's broker, by the mosquitto that Debian has and by the one of its backports.

Its configuration is the one that ships; only where files lie and which port it has is the test's.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.deploy.district import District
from collector.trial import brokers as trial
from tests.real.brokers import RealBroker, held_port, running

VARIABLE = "SCHOOLWATCH_TEST_MOSQUITTO_2021"
VERSIONS = ("mosquitto", "mosquitto-2.0.21")


def program(version: str) -> str:
    """Return the program, or skip with what would bring it."""
    if version == "mosquitto":
        found = trial.find_mosquitto()
        if found is None:
            pytest.skip("mosquitto is not installed: apt-get install mosquitto")
        return str(found)
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"no mosquitto 2.0.21: scripts/test brings it on Debian 12, or set {VARIABLE}")
    said = subprocess.run([named, "-h"], capture_output=True, text=True, check=False).stdout
    assert "version 2.0.21" in said, said
    return named


@contextmanager
def serving(version: str, district: District) -> Iterator[RealBroker]:
    """Run the broker of *district*, as the user that compose.yaml names."""
    command, held = _reachable(program(version), district.folder.parent), held_port()
    port = held.getsockname()[1]
    home, data = district.folder / "mosquitto", district.folder / "data" / "mosquitto"
    text = (home / "mosquitto.conf").read_text()
    for ours, theirs in (
        ("/etc/schoolwatch/mosquitto", str(home)),
        ("/var/lib/mosquitto/", f"{data}/"),
        ("listener 8883", f"listener {port} 127.0.0.1"),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    owner, config = district.owners()["mosquitto"], home / "test.conf"
    config.write_text(text)
    if not os.geteuid():
        os.chown(config, owner.uid, owner.gid)
    log = district.folder / "broker.log"
    words = [command, "-c", str(config)]
    if not os.geteuid():
        drop = ["setpriv", f"--reuid={owner.uid}", f"--regid={owner.gid}", "--clear-groups"]
        words = [*drop, "--no-new-privs", *words]
    with running(RealBroker(version, words, port, port, log, [held])) as broker:
        yield broker


def _reachable(command: str, place: Path) -> str:
    """Return *command* where any user may run it: what scripts/test keeps is root's own."""
    home = Path(command).parent
    if os.geteuid() or not (home / "root").is_dir():
        return command
    copied = place / "mosquitto-of-this-test"
    if not copied.exists():
        shutil.copytree(home, copied)
        for path in (copied, *copied.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
    return str(copied / "mosquitto")
