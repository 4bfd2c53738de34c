"""Imports paho without dnspython, which it would take where it is installed.

paho looks up brokers by SRV with it, which nobody here does; for that alone every agent would hold
3.5 MB of it, also one whose probe `dns` is off.
"""

import importlib
import sys
from typing import Any, cast

UNUSED = "dns"


def _import_without(unused: str, module: str) -> None:
    known = cast(dict[str, Any], sys.modules)
    if unused in known or module in known:
        return
    known[unused] = None  # what the import system takes for "there is none"
    try:
        importlib.import_module(module)
    finally:
        del known[unused]


_import_without(UNUSED, "paho.mqtt.client")
