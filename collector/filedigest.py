"""SHA-256 of files, a piece at a time: those of the audit log are larger than the memory."""

import gzip
from hashlib import sha256
from pathlib import Path
from typing import Final

_CHUNK: Final = 1 << 20


def digest_of(path: Path, *, plain: bool = False) -> tuple[str, int]:
    """Return SHA-256 and size of a file, of what is packed in it with *plain*; raises OSError."""
    digest, size = sha256(), 0
    with gzip.open(path) if plain else path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
