"""Telegraf as it asks switches by SNMP, for tests/bench/snmp.py."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.bench.agent_cost import say
from tests.bench.peers import started
from tests.real.brokers import RealBroker
from tests.real.footprint import cpu_seconds
from tests.real.snmpd import COMMUNITY
from tests.real.switches import COLUMNS, PORTS, Place

VARIABLE: Final = "SCHOOLWATCH_BENCH_TELEGRAF"
VERSION: Final = "v1.37.2"
PLUGINS: Final = (
    "inputs.cpu,inputs.mem,inputs.disk,inputs.net,inputs.snmp,outputs.mqtt,outputs.file"
)


def program() -> Path | None:
    """Return the program, built if need be; None where it cannot be had."""
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE])
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "schoolwatch" / f"telegraf-snmp-{VERSION}"
    if not (folder / "telegraf").exists() and shutil.which("go"):
        say(f"building Telegraf {VERSION} with inputs.snmp into {folder}; once, some minutes")
        tags = f"custom,{PLUGINS},serializers.influx"
        package = f"github.com/influxdata/telegraf/cmd/telegraf@{VERSION}"
        words = ["go", "install", "-trimpath", "-ldflags=-s -w", "-tags", tags, package]
        env = os.environ | {"GOBIN": str(folder), "CGO_ENABLED": "0"}
        subprocess.run(words, env=env, check=False)
    return folder / "telegraf" if (folder / "telegraf").exists() else None


# A message of more lines would be larger than a collector takes (core/wire.py).
TELEGRAF: Final = """
[agent]
  interval = "10s"
  flush_interval = "30s"
  metric_batch_size = 500
  snmp_translator = "gosmi"
{outputs}
{probes}
"""
MQTT: Final = """
[[outputs.mqtt]]
  servers = ["tcp://127.0.0.1:{port}"]
  topic = "schoolwatch/v1/000000/trial/telegraf/readings"
  qos = 1
  protocol = "5"
  layout = "batch"
  data_format = "influx"
"""
FILE: Final = """
[[outputs.file]]
  files = ["{file}"]
  data_format = "influx"
"""
HOST: Final = "[[inputs.cpu]]\n  percpu = false\n[[inputs.mem]]\n[[inputs.disk]]\n[[inputs.net]]\n"
SNMP: Final = """
[[inputs.snmp]]
  interval = "{interval}"
  agents = [{agents}]
  version = 2
  community = "{community}"
  timeout = "10s"
  retries = 1
  max_repetitions = 25
  path = []
  [[inputs.snmp.table]]
    name = "device_port"
"""
FIELD: Final = """
    [[inputs.snmp.table.field]]
      name = "{name}"
      oid = "{oid}"
"""


def snmp_input(places: Sequence[Place], interval: str) -> str:
    """Return Telegraf's configuration that asks *places* for the columns."""
    agents = ", ".join(f'"udp://{host}:{port}"' for host, port in places)
    head = SNMP.format(interval=interval, agents=agents, community=COMMUNITY)
    return head + "".join(FIELD.format(name=name, oid=oid) for name, oid in COLUMNS.items())


def cost(program: Path, places: Sequence[Place], folder: Path, seconds: float) -> float:
    """Return the processor seconds that a device takes Telegraf, asked each second."""
    folder.mkdir()
    lines = folder / "lines"
    text = TELEGRAF.format(
        outputs=FILE.format(file=lines), probes=snmp_input(places, "1s")
    ).replace('flush_interval = "30s"', 'flush_interval = "1s"')
    (folder / "telegraf.conf").write_text(text)
    with started([str(program), "--config", str(folder / "telegraf.conf")], folder) as process:
        time.sleep(5)
        before, some = cpu_seconds(process.pid), _lines(lines)
        time.sleep(seconds)
        used, found = cpu_seconds(process.pid) - before, _lines(lines) - some
    if not found:
        raise RuntimeError((folder / "output.log").read_text())
    return used * PORTS / found


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


@contextmanager
def running(
    program: Path, folder: Path, broker: RealBroker, places: Sequence[Place]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run Telegraf with the probes of the machine, and *places* once a minute."""
    asked = snmp_input(places, "60s") if places else ""
    text = TELEGRAF.format(outputs=MQTT.format(port=broker.port), probes=HOST + asked)
    (folder / "telegraf.conf").write_text(text)
    with started([str(program), "--config", str(folder / "telegraf.conf")], folder) as process:
        yield process
