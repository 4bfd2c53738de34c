"""The peers of our agent, each in its best fair configuration, measuring the same every 10 s.

Debian has zabbix_agent2, node_exporter and collectd:

    apt-get install --no-install-recommends zabbix-agent2 prometheus-node-exporter collectd-core

These packages also start a service each, where services are started at all. That one is not what
is measured here, and is best stopped and disabled: systemctl disable --now zabbix-agent2 …
Each runs here as a process of its own, out of a folder of its own, on ports of loopback that are
free, and is ended by its process id.
"""

import asyncio
import http.client
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.probes import probes
from tests.bench import zabbixserver
from tests.bench.meter import Meter
from tests.processes import end
from tests.real import telegraf
from tests.real.brokers import LOOPBACK, RealBroker, free_port, listens
from tests.waiting import until_sync

EVERY_S: Final = 10
PLACES: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"

Run = Callable[[Path, Meter, RealBroker], AbstractContextManager["subprocess.Popen[bytes]"]]
"""Runs a program whose files lie in a folder, and whose server is reached through the meter."""


def find(program: str) -> str | None:
    """Return where Debian or the PATH has *program*."""
    return shutil.which(program, path=PLACES)


def measured_here(word: str, tag: str) -> list[str]:
    """Return of which disks or interfaces our own probe tells on this machine."""
    return [reading.tags[tag] for reading in asyncio.run(probes.build(word, {}).measure())]


@contextmanager
def started(
    command: Sequence[str], folder: Path, *, cwd: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run *command* in the foreground; what it says goes into *folder*."""
    with (folder / "output.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd or folder
        )
    try:
        yield process
    finally:
        end(process, signal.SIGTERM)


TELEGRAF: Final = """
[agent]
  interval = "10s"
  flush_interval = "30s"
[[outputs.mqtt]]
  servers = ["tcp://127.0.0.1:{port}"]
  topic = "schoolwatch/v1/000000/trial/telegraf/readings"
  qos = 1
  protocol = "5"
  layout = "batch"
  data_format = "influx"
[[inputs.cpu]]
  percpu = false
[[inputs.mem]]
[[inputs.disk]]
  ignore_fs = ["tmpfs", "devtmpfs", "devfs", "iso9660", "overlay", "aufs", "squashfs"]
[[inputs.net]]
  ignore_protocol_stats = true
"""


@contextmanager
def telegraf_publishes(
    folder: Path, meter: Meter, broker: RealBroker
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run Telegraf with MQTT as its output: the nearest to what we do."""
    with telegraf.running(folder, TELEGRAF.format(port=meter.relay(broker.port))) as process:
        yield process


ZABBIX: Final = """
LogType=console
Server=127.0.0.1
ListenIP=127.0.0.1
ListenPort={listen}
ServerActive=127.0.0.1:{port}
Hostname=trial
BufferSend=30
BufferSize=1000
ControlSocket={folder}/agent.sock
PidFile={folder}/agent.pid
"""
CPU_MODES: Final = (
    *("user", "system", "idle", "nice", "iowait"),
    *("interrupt", "softirq", "steal", "guest", "guest_nice"),
)
MEMORY: Final = (
    *("total", "available", "used", "free", "buffers"),
    *("cached", "active", "inactive", "slab", "pused", "pavailable"),
)
OF_DISK: Final = ("total", "free", "used", "pused")
OF_TRAFFIC: Final = ("bytes", "packets", "errors", "dropped")


def zabbix_keys() -> list[str]:
    """Return the items that are what our probes measure here."""
    keys = [f"system.cpu.util[,{mode}]" for mode in CPU_MODES]
    keys += [f"vm.memory.size[{part}]" for part in MEMORY]
    for path in measured_here("disk", "path"):
        keys += [f"vfs.fs.{of}[{path},{what}]" for of in ("size", "inode") for what in OF_DISK]
    for name in measured_here("net", "interface"):
        keys += [f"net.if.{way}[{name},{what}]" for way in ("in", "out") for what in OF_TRAFFIC]
    return sorted(keys)


@contextmanager
def zabbix_sends(folder: Path, meter: Meter, _: RealBroker) -> Iterator["subprocess.Popen[bytes]"]:
    """Run zabbix_agent2 with active checks, which it sends in batches to a server of ours."""
    with zabbixserver.serving(zabbix_keys()) as server:
        file = folder / "zabbix.conf"
        file.write_text(
            ZABBIX.format(listen=free_port(), port=meter.relay(server.port), folder=folder)
        )
        with started([find("zabbix_agent2") or "", "-f", "-c", str(file)], folder) as process:
            until_sync(lambda: server.keys == sorted(server.came()), 90)
            yield process


@contextmanager
def node_exporter_is_scraped(
    folder: Path, meter: Meter, _: RealBroker
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run node_exporter with only these collectors, asked as Prometheus asks: kept open, gzip."""
    port = free_port()
    command = [
        find("prometheus-node-exporter") or "",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--web.disable-exporter-metrics",
        "--collector.disable-defaults",
        *(f"--collector.{one}" for one in ("cpu", "meminfo", "filesystem", "netdev")),
    ]
    over = threading.Event()
    with started(command, folder) as process:
        until_sync(lambda: listens(port), 20)
        relay = meter.relay(port)
        scraper = threading.Thread(target=_scrape, args=(relay, over), daemon=True)
        scraper.start()
        try:
            yield process
        finally:
            over.set()
            scraper.join(10)


def _scrape(port: int, over: threading.Event) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    while True:
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        connection.getresponse().read()
        if over.wait(EVERY_S):
            connection.close()
            return


COLLECTD: Final = """
Hostname "trial"
FQDNLookup false
Interval 10
BaseDir "{folder}"
PIDFile "{folder}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
LoadPlugin cpu
LoadPlugin memory
LoadPlugin df
LoadPlugin interface
LoadPlugin network
<Plugin cpu>
  ReportByCpu false
  ValuesPercentage true
</Plugin>
<Plugin df>
{paths}
  ReportInodes true
</Plugin>
<Plugin interface>
  Interface "lo"
  IgnoreSelected true
</Plugin>
<Plugin network>
  Server "127.0.0.1" "{port}"
</Plugin>
"""


@contextmanager
def collectd_sends(
    folder: Path, meter: Meter, _: RealBroker
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run collectd with its own protocol: datagrams that nobody confirms."""
    paths = "\n".join(f'  MountPoint "{path}"' for path in measured_here("disk", "path"))
    file = folder / "collectd.conf"
    file.write_text(COLLECTD.format(folder=folder, paths=paths, port=meter.receive()))
    with started([find("collectd") or "", "-f", "-C", str(file)], folder) as process:
        yield process


@dataclass(frozen=True, slots=True)
class Peer:
    """`where` finds the program, or None; `bring` says how to have it."""

    title: str
    where: Callable[[], str | None]
    run: Run
    bring: str


PEERS: Final = (
    Peer("Telegraf", telegraf.program, telegraf_publishes, "scripts/test builds it"),
    Peer(
        "zabbix_agent2",
        lambda: find("zabbix_agent2"),
        zabbix_sends,
        "apt-get install --no-install-recommends zabbix-agent2",
    ),
    Peer(
        "node_exporter",
        lambda: find("prometheus-node-exporter"),
        node_exporter_is_scraped,
        "apt-get install --no-install-recommends prometheus-node-exporter",
    ),
    Peer(
        "collectd",
        lambda: find("collectd"),
        collectd_sends,
        "apt-get install --no-install-recommends collectd-core",
    ),
)
