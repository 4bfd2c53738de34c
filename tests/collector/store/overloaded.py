"""A tiny HTTP server that answers as an InfluxDB in trouble does, which a real one does not on
demand: overloaded, behind a proxy, or too small for what it is sent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Troubled:
    """`reply` answers each body; `bodies` are those that came."""

    reply: Callable[[bytes], Reply]
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)


@contextmanager
def troubled(reply: Callable[[bytes], Reply]) -> Iterator[Troubled]:
    """Run one for the length of the block."""
    seen = Troubled(reply)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.bodies.append(body)
            status, headers, answer = seen.reply(body)
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(answer))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
