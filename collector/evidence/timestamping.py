"""RFC 3161 time stamps of checkpoints, by stock `openssl ts`: that a checkpoint was there by then.

For each checkpoint three files: the body that is stamped, the request and the answer. Anybody
checks them alone: openssl ts -verify -data BODY -in TSR -CAfile CA
"""

import subprocess
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Final

from core import disk
from core.errors import MonitorError
from core.merkle.note import Note, checkpoint_in

FOLDER: Final = "stamps"
TIMEOUT_S: Final = 30.0
LARGEST: Final = 1_000_000


def stamp(folder: Path, note: Note, url: str, authority: Path) -> Path:
    """Return the time stamp of *note*, asked of the TSA at *url* and checked; raises MonitorError.

    *authority* is the file with the certificates that are trusted to sign stamps.
    """
    size = checkpoint_in(note.text).size
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    body, request, answer = (place / f"{size:012}.{end}" for end in ("body", "tsq", "tsr"))
    disk.replace(body, note.text.encode())
    _openssl("-query", "-data", str(body), "-sha256", "-cert", "-out", str(request))
    new = answer.with_suffix(".answer")
    new.write_bytes(_post(url, request.read_bytes()))
    asked = ("-in", str(new), "-CAfile", str(authority))
    try:
        _openssl("-verify", "-queryfile", str(request), *asked)
        _openssl("-verify", "-data", str(body), *asked)
    except MonitorError:
        new.replace(answer.with_suffix(".bad"))
        raise
    disk.replace(answer, new.read_bytes())
    new.unlink()
    return answer


def _post(url: str, data: bytes) -> bytes:
    headers = {"Content-Type": "application/timestamp-query"}
    if not url.lower().startswith(("http://", "https://")):
        raise MonitorError(f"--tsa {url!r} is no address")
    request = urllib.request.Request(url, data, headers)  # noqa: S310 — looked at above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as found:  # noqa: S310
            return bytes(found.read(LARGEST))
    except (OSError, HTTPException, ValueError) as error:
        raise MonitorError(f"no time stamp from {url}: {error}") from None


def _openssl(*words: str) -> None:
    command = ["openssl", "ts", *words]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MonitorError(f"openssl cannot be run: {error}") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise MonitorError(f"openssl ts {words[0]}: {said[-1] if said else done.returncode}")
