"""The services of a compose file as plain processes, each in a room that is as its container is.

What stands in the file is what it gets: image paths and volumes where they are mounted, and at no
other place; read-only where the file says so; its user and no capability; its environment and no
other. The names of the services are in /etc/hosts, and all share one network of their own, so that
every port is the one of the file. Programs are those of this machine. Needs root, unshare, chroot
and setpriv (util-linux).
"""

import ctypes
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import end
from tests.real.namespaces import Namespace, namespace

ROOT = Path(__file__).parents[2]
FIRST = "/opt/first"
PATH = f"{FIRST}:/opt/influxdb:/usr/share/grafana/bin:/usr/bin:/usr/sbin:/bin:/sbin"
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
LIBRARIES = ("bin", "sbin", "lib", "lib32", "lib64")
OF_ETC = ("passwd", "group", "nsswitch.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl")
VENV = Path(sys.prefix).resolve()
PYTHON = f'#!/bin/sh\nexec {VENV}/bin/python "$@"\n'
SCHOOLWATCH = f'#!/bin/sh\nexec {VENV}/bin/python -P -m schoolwatch "$@"\n'


def configured(folder: Path) -> dict[str, Any]:
    """Return what docker-compose makes of the file in *folder*; it prints nothing else."""
    try:
        done = subprocess.run(
            ["docker-compose", "config"],
            cwd=folder,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    except FileNotFoundError:
        pytest.skip("docker-compose is not installed: apt-get install docker-compose")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found: dict[str, Any] = yaml.safe_load(done.stdout)
    return found


@dataclass
class Composed:
    """The services of `spec`; `also` names folders of this machine by where images have them."""

    spec: Mapping[str, Any]
    place: Path
    network: Namespace
    also: Mapping[str, Path]
    names: Sequence[str] = ()
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def log(self, name: str) -> str:
        return (self.place / f"{name}.log").read_text(errors="replace")

    def start(self, name: str) -> None:
        """Start a service as it stands in the file."""
        service = self.spec["services"][name]
        with (self.place / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self._command(name, service, _words(service)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=None if "entrypoint" in service else _no_new_code,  # noqa: PLW1509
            )

    def run(
        self, name: str, words: Sequence[str] = (), timeout_s: float = 120
    ) -> "subprocess.CompletedProcess[str]":
        """Run *words*, else what the service does, to its end in the room of the service."""
        service = self.spec["services"][name]
        return subprocess.run(
            self._command(f"{name}-once", service, words or _words(service)),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    def is_healthy(self, name: str) -> bool:
        """Do what the file calls the check of its health."""
        test = self.spec["services"][name]["healthcheck"]["test"]
        assert test[0] == "CMD", test
        code = self.running[name].poll()
        assert code is None, f"{name} ended with {code}:\n{self.log(name)[-3000:]}"
        return self.run(name, [word.replace("$$", "$") for word in test[1:]]).returncode == 0

    def stop(self, name: str) -> int:
        """Ask a service to end; returns its exit code."""
        process = self.running.pop(name)
        end(process, signal.SIGTERM)
        return int(process.returncode)

    def _command(self, name: str, service: Mapping[str, Any], words: Sequence[str]) -> list[str]:
        root = self.place / "rooms" / name
        root.mkdir(parents=True, exist_ok=True)
        script = "\n".join(self._room(root, service, words))
        enter = ["ip", "netns", "exec", self.network.name, "unshare", "--mount"]
        return [*enter, "--propagation", "private", "sh", "-c", script]

    def _room(self, root: Path, service: Mapping[str, Any], words: Sequence[str]) -> Iterator[str]:
        """Yield the script that builds the room at *root*, which only it sees, and enters it."""
        yield "set -e"
        yield f"mount -t tmpfs -o mode=755 room {root}"
        yield f"mkdir -p {root}/proc {root}/dev {root}/etc {root}/var {root}{FIRST}"
        yield f"mount --rbind /proc {root}/proc; mount --rbind /dev {root}/dev"
        for one in LIBRARIES:
            if Path(f"/{one}").is_symlink():
                yield f"cp -P /{one} {root}/{one}"
        for path in sorted(Path("/usr").iterdir()):
            if path.is_dir() and path.name != "share":
                yield _bound(path, f"{root}{path}")
        yield _bound(Path("/usr/share/zoneinfo"), f"{root}/usr/share/zoneinfo")
        for one in OF_ETC:
            if Path(f"/etc/{one}").exists():
                yield f"cp -rL /etc/{one} {root}/etc/"
        hosts = " ".join(["localhost", *self.spec["services"], *self.names])
        yield f"echo 127.0.0.1 {hosts} >{root}/etc/hosts"
        for name, text in (("python", PYTHON), ("schoolwatch", SCHOOLWATCH)):
            file = f"{root}{FIRST}/{name}"
            yield f"printf %s {shlex.quote(text)} >{file}; chmod 755 {file}"
        # The system's own Python is there already, with the rest of /usr.
        own = (Path(sys.base_prefix),) if sys.base_prefix != "/usr" else ()
        for path in (*own, ROOT, VENV):
            yield _bound(path, f"{root}{path}")
        for inside, path in self.also.items():
            yield _bound(path, f"{root}{inside}")
        for volume in service["volumes"]:
            source, inside, mode = volume.rsplit(":", 2)
            yield _bound(Path(source), f"{root}{inside}", mode)
        for line in service["tmpfs"]:
            inside, options = line.split(":")
            yield f"mkdir {root}{inside}; mount -t tmpfs -o {options} tmp {root}{inside}"
        if service["read_only"]:
            yield f"mount -o remount,ro {root}"
        enter = f"exec env -i {_environment(service)} chroot {root}"
        yield f"{enter} {_as(service)} {shlex.join(words)}"


def _no_new_code() -> None:
    """Have our own programs live with what their units have, MemoryDenyWriteExecute=yes.

    By prctl(2), from Linux 6.3 on; an older kernel refuses, and then it is not tried.
    """
    ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)


def _words(service: Mapping[str, Any]) -> list[str]:
    """Return the command of a service; that of our own image begins with `schoolwatch`."""
    return [*service.get("entrypoint", ["schoolwatch"]), *service["command"]]


def _bound(source: Path, target: str, mode: str = "ro") -> str:
    make = f"mkdir -p {target}"
    if not source.is_dir():
        make = f"mkdir -p {Path(target).parent}; touch {target}"
    again = f"; mount -o remount,bind,ro {target}" if mode == "ro" else ""
    return f"{make}; mount --bind {source} {target}{again}"


def _environment(service: Mapping[str, Any]) -> str:
    own = {"PATH": PATH, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    given = own | {name: str(value) for name, value in service.get("environment", {}).items()}
    return shlex.join(f"{name}={value}" for name, value in given.items())


def _as(service: Mapping[str, Any]) -> str:
    uid, gid = service["user"].split(":")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    kept = ",".join(["-all", *(f"+{one.lower()}" for one in service.get("cap_add", ()))])
    return (
        f"setpriv --reuid={uid} --regid={gid} --clear-groups --no-new-privs "
        f"--bounding-set={kept} --inh-caps=-all"
    )


@contextmanager
def composed(
    spec: Mapping[str, Any], place: Path, also: Mapping[str, Path], names: Sequence[str] = ()
) -> Iterator[Composed]:
    """Give the services of *spec*, none started; ends those that are."""
    if os.geteuid():
        pytest.skip("only root can give each service a user and a room of its own")
    with namespace() as network:
        services = Composed(spec, place, network, also, names)
        try:
            yield services
        finally:
            for name in reversed([*services.running]):
                services.stop(name)
