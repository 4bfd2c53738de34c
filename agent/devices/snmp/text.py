"""Reads the names that people gave to devices."""

import codecs
import re
from typing import Final

COMMON: Final = re.compile(rb"(?:[\x00-\x7f]|[\xb0-\xd7][\xa1-\xfe])+[\xb0-\xd7]?")
"""Nothing but ASCII and the commonest characters of GB 2312: the bytes of 一楼 are UTF-8 too."""


def text_of(value: bytes) -> str:
    """Return *value* as text: UTF-8, else GB18030, as switches sold in China write it.

    One that is cut off within a character loses that character, and control characters become
    blanks. What is neither is read as ISO 8859-1, so that no two names become one.
    """
    value = value.rstrip(b"\0")
    utf_8 = _decoded(value, "utf-8")
    if utf_8 is not None and not _is_gb(value, utf_8):
        return _clean(utf_8)
    gb = _decoded(value, "gb18030")
    return _clean(value.decode("latin-1") if gb is None else gb)


def _decoded(value: bytes, coding: str) -> str | None:
    """Return *value* without what is missing at its end; None where it is not in *coding*."""
    try:
        return codecs.getincrementaldecoder(coding)().decode(value)
    except UnicodeDecodeError:
        return None


def _is_gb(value: bytes, utf_8: str) -> bool:
    """Return whether *value* reads as UTF-8 by chance only."""
    last = max(utf_8, default="")
    cut_off = len(utf_8.encode()) < len(value)
    return last < "\u0800" and (last > "\u00ff" or cut_off) and COMMON.fullmatch(value) is not None


def _clean(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text).strip()
