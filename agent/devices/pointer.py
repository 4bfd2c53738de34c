"""JSON pointers (RFC 6901), to find a value in what a device answers."""

from typing import Any, Final

MISSING: Final = object()


def mistake(pointer: str) -> str:
    """Return what is wrong with *pointer*, or an empty string."""
    if pointer and not pointer.startswith("/"):
        return f"{pointer[:40]!r} is no JSON pointer; expected one as /sensors/0/celsius"
    return ""


def found(document: Any, pointer: str) -> Any:
    """Return what *pointer* names in *document*, or MISSING."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(key, MISSING)
        elif isinstance(document, list) and key.isascii() and key.isdigit() and len(key) < 10:
            document = document[int(key)] if int(key) < len(document) else MISSING
        else:
            return MISSING
    return document
