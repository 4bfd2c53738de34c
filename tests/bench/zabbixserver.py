"""A Zabbix server that says which items it wants, takes their values, and keeps none.

Only what an agent with active checks asks of a server (Zabbix 6.0, "Zabbix protocols"): a header
`ZBXD`, flags, two lengths, and JSON, which the agent may have compressed with zlib.
"""

import json
import socketserver
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from tests.real.brokers import LOOPBACK

HEADER: Final = struct.Struct("<4sBII")
COMPRESSED: Final = 0x02


class ZabbixServer(socketserver.ThreadingTCPServer):
    """Wants `keys` of every host, every 10 s; `values` counts what came, by their keys."""

    daemon_threads = True

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__((LOOPBACK, 0), _Agent)
        self.keys = list(keys)
        self.values: list[dict[str, Any]] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one request."""
        if asked["request"] == "active checks":
            return {"response": "success", "data": [self._item(*one) for one in self._numbered()]}
        self.values += asked.get("data", ())
        count = len(asked.get("data", ()))
        return {"response": "success", "info": f"processed: {count}; failed: 0; total: {count}"}

    def came(self) -> dict[str, str]:
        """Return the last value of each key; raises LookupError for what no agent could tell."""
        by_id = dict(self._numbered())
        bad = {by_id[one["itemid"]]: one["value"] for one in self.values if one.get("state")}
        if bad:
            raise LookupError(f"zabbix_agent2 does not know these: {bad}")
        return {by_id[one["itemid"]]: str(one["value"]) for one in self.values}

    def _numbered(self) -> Iterator[tuple[int, str]]:
        return enumerate(self.keys, 1)

    @staticmethod
    def _item(number: int, key: str) -> dict[str, Any]:
        times = {"delay": "10s", "lastlogsize": 0, "mtime": 0}
        return {"key": key, "key_orig": key, "itemid": number, **times}


class _Agent(socketserver.StreamRequestHandler):
    server: ZabbixServer

    def handle(self) -> None:
        head = self.rfile.read(HEADER.size)
        if len(head) < HEADER.size:
            return
        _, flags, size, _ = HEADER.unpack(head)
        body = self.rfile.read(size)
        asked = json.loads(zlib.decompress(body) if flags & COMPRESSED else body)
        answer = json.dumps(self.server.answer(asked)).encode()
        self.wfile.write(HEADER.pack(b"ZBXD", 1, len(answer), 0) + answer)


@contextmanager
def serving(keys: Sequence[str]) -> Iterator[ZabbixServer]:
    """Serve in a thread for the length of the block."""
    with ZabbixServer(keys) as server:
        threading.Thread(target=server.serve_forever, name="zabbix", daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
