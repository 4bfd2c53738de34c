"""Texts of devices, whatever they are written in."""

import codecs
import re
from typing import Final

COMMON: Final = re.compile(rb"(?:[\x00-\x7f]|[\xb0-\xd7][\xa1-\xfe])+[\xb0-\xd7]?")
"""Nothing but ASCII and the commonest characters of GB 2312: the bytes of 一楼 are UTF-8 too."""


def decoded(value: bytes, *, whole: bool = True) -> str:
    """Return *value* as text: UTF-8, else GB18030, as devices sold in China write it.

    What is neither is read as ISO 8859-1, so that no two texts become one. One that is not *whole*
    may be cut off within a character, and loses that.
    """
    utf_8 = _decoded(value, "utf-8", whole)
    if utf_8 is not None and not _is_gb(value, utf_8):
        return utf_8
    gb = _decoded(value, "gb18030", whole)
    if gb is not None:
        return gb
    return value.decode("latin-1") if utf_8 is None else utf_8


def name_of(value: bytes) -> str:
    """Return *value* as a name: without padding, and blanks instead of control characters."""
    text = decoded(value.rstrip(b"\0"), whole=False)
    return "".join(one if one.isprintable() else " " for one in text).strip()


def _decoded(value: bytes, coding: str, whole: bool) -> str | None:
    """Return *value*, without a part of a character at its end; None if it is not in *coding*."""
    try:
        return codecs.getincrementaldecoder(coding)().decode(value, whole)
    except UnicodeDecodeError:
        return None


def _is_gb(value: bytes, utf_8: str) -> bool:
    """Return whether *value* reads as UTF-8 by chance only."""
    last = max(utf_8, default="")
    cut_off = len(utf_8.encode()) < len(value)
    return last < "\u0800" and (last > "\u00ff" or cut_off) and COMMON.fullmatch(value) is not None
