"""Texts of devices, whatever they are written in."""


def text_of(data: bytes) -> str:
    """Return *data* as text: UTF-8, else GB18030 as Chinese devices write it, else with marks."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")
