"""Writes a file of line protocol straight into InfluxDB: what the database takes at best.

    python -m tests.bench.direct URL TOKEN_FILE WRITERS FILE

Bodies of 5,000 lines, each durable (204) before its writer sends the next. Prints seconds, CPU
seconds and peak memory in bytes, for tests.bench.collector.
"""

import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import urllib3

LINES = 5_000


def bodies(file: Path) -> Iterator[bytes]:
    """Return the pieces of *file*, in order."""
    piece: list[bytes] = []
    with file.open("rb") as lines:
        for line in lines:
            piece.append(line)
            if len(piece) == LINES:
                yield b"".join(piece)
                piece = []
    if piece:
        yield b"".join(piece)


def main(url: str, token_file: str, writers: str, file: str) -> None:
    """Write all, and say what it took."""
    token, waiting = Path(token_file).read_text().strip(), list(bodies(Path(file)))
    pool = urllib3.PoolManager(maxsize=int(writers), retries=False)
    headers = {"Authorization": f"Token {token}"}

    def send(body: bytes) -> None:
        answer = pool.request("POST", url, body=body, headers=headers)
        assert answer.status == 204, answer.data

    began, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(int(writers)) as threads:
        list(threads.map(send, waiting))
    took, used = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sys.stdout.write(f"{took} {used} {peak}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
