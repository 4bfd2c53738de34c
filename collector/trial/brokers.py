"""The two brokers of a trial: their configuration, and the command that starts each.

mosquitto where one is installed, else rumqttd from the wheel `iotcore`. Both listen on loopback
only and let everybody in, so they are for trials and tests. Watch either with
mosquitto_sub -V 5 -p 18883 -t 'schoolwatch/v1/#' -v
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from collector.trial.ports import LOOPBACK

MAX_PACKET_BYTES: Final = 1_048_576
"""Four times what an agent may send: what is too large shall reach the collector and be counted."""

_SYSTEM_FOLDERS: Final = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"))

# Valid on mosquitto 2.0 and 2.1. Plain integers: `256MB` is accepted, and means 256 bytes.
_MOSQUITTO: Final = """\
listener {port} {host}
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 60
max_inflight_messages 100
max_queued_messages 100000
max_queued_bytes 268435456
max_packet_size {max_packet}
set_tcp_nodelay true
connection_messages false
log_dest stderr
log_type error
log_type warning
log_type notice
"""

# The ring (segments of each topic filter) is in memory, and its oldest part is overwritten.
_RUMQTTD: Final = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 16777216
max_segment_count = 4
"""
_RUMQTTD_LISTENER: Final = """
[{protocol}.1]
name = "{protocol}"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[{protocol}.1.connections]
connection_timeout_ms = 60000
max_payload_size = {max_packet}
max_inflight_count = 100
dynamic_filters = true
"""


def find_mosquitto() -> Path | None:
    """Return where mosquitto is, on the PATH or where systems keep their servers."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=_SYSTEM_FOLDERS)
    return Path(found) if found else None


def mosquitto_command(folder: Path, port: int) -> list[str]:
    """Write the configuration into *folder*, and return the command that starts mosquitto.

    *folder* also keeps what mosquitto remembers.
    """
    folder = _made(folder)
    text = _MOSQUITTO.format(host=LOOPBACK, port=port, folder=folder, max_packet=MAX_PACKET_BYTES)
    if os.geteuid() == 0:
        # Started by root, mosquitto would become the user `mosquitto`, who cannot write here.
        text += "user root\n"
    file = folder / "mosquitto.conf"
    file.write_text(text, encoding="utf-8")
    return [str(find_mosquitto() or "mosquitto"), "-c", str(file)]


def embedded_command(folder: Path, port: int, port_v3: int) -> list[str]:
    """Write the configuration into *folder*, and return the command that starts rumqttd.

    It speaks MQTT 5 on *port* and 3.1.1 on *port_v3*, keeps everything in memory, and has no
    access list.
    """
    text = _RUMQTTD
    for protocol, number in (("v5", port), ("v4", port_v3)):
        text += _RUMQTTD_LISTENER.format(
            protocol=protocol, host=LOOPBACK, port=number, max_packet=MAX_PACKET_BYTES
        )
    file = _made(folder) / "rumqttd.toml"
    file.write_text(text, encoding="utf-8")
    return [sys.executable, "-P", "-m", "collector.trial.embedded", str(file)]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    # The brokers read the paths as seen from where they were started.
    return folder.resolve()
