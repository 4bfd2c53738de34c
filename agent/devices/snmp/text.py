"""Reads the names that people gave to devices."""


def text_of(value: bytes) -> str:
    """Return *value* as text: UTF-8, else GB18030, as switches sold in China write it."""
    raise NotImplementedError
