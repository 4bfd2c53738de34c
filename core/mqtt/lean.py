"""Loads paho without what it takes along where it finds it, 1 to 4 MB in the memory of an agent.

That is dnspython, for SRV records, PySocks, for proxies, and urllib.request, which brings http and
email and is asked only about proxies. Nobody here uses any of them through paho.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

NOT_THERE: Final = ("dns", "socks")
EMPTY: Final = ("urllib.request",)


@contextmanager
def _bare() -> Iterator[None]:
    stand_ins = dict.fromkeys(NOT_THERE) | {name: ModuleType(name) for name in EMPTY}
    ours = {name: one for name, one in stand_ins.items() if name not in sys.modules}
    sys.modules.update(ours)  # type: ignore[arg-type]  # None is how an import is refused
    try:
        yield
    finally:
        for name in ours:
            del sys.modules[name]


with _bare():
    import paho.mqtt.client  # noqa: F401
