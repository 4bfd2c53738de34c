"""Somebody at the desk of the made-up district: takes care of one full disk, and silences another.

A person's acts by a person's means: the API, with the name and password of the demo's account, so
pages and audit log have them like any other.
Watch it work: python -m collector.trial.desk http://127.0.0.1:8480 var/demo/trial/login
"""

import base64
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from core import clock
from core.clock import SECOND

RULE: Final = "disk_full"
"""Two schools have it for hours (collector/trial/played.py)."""
SILENT: Final = 4 * 3_600 * SECOND
EVERY_S: Final = 5.0
TIMEOUT_S: Final = 10.0
ACK_NOTE: Final = "已联系运维，今天下午清理（演示）"
REASON: Final = "已订购新硬盘，周五更换（演示）"

Act = tuple[str, Mapping[str, Any]]


def next_act(open_: Sequence[Mapping[str, Any]], at: int) -> Act | None:
    """Return what is to be done next: where, and with which body. Pure."""
    there = sorted((one for one in open_ if one["rule"] == RULE), key=lambda one: one["number"])
    waiting = [one for one in there if not one["acked"] and one["group"] == "open"]
    if not waiting:
        return None
    first = waiting[0]
    if not any(one["acked"] for one in there):
        return "alerts/ack", {"number": first["number"], "note": ACK_NOTE}
    if any(one["group"] == "muted" for one in there):
        return None
    about = {name: first["labels"][name] for name in ("region", "school")}
    return "silences", {"reason": REASON, "until": at + SILENT, "rule": RULE, **about}


def main(url: str, login: str) -> None:
    """Look again and again until somebody ends this."""
    key = base64.b64encode(Path(login).read_bytes().strip()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {key}"}
    # By no proxy: this is the machine itself.
    opener = build_opener(ProxyHandler({}))

    def ask(path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = None if body is None else msgspec.json.encode(body)
        request = Request(f"{url}/api/v1/{path}", data, headers)  # noqa: S310 — our own address
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return msgspec.json.decode(answer.read())

    while True:
        try:
            act = next_act(ask(f"alerts?rule={RULE}")["open"], clock.now())
            if act:
                ask(*act)
                sys.stdout.write(f"did {act[0]}\n")
                sys.stdout.flush()
        except (URLError, OSError, ValueError) as error:
            sys.stderr.write(f"not now: {error}\n")
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main(*sys.argv[1:3])
