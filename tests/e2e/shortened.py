"""Run schoolwatch with waits that are shorter than in life, where waiting is the only cost.

python -m tests.e2e.shortened agent.spooltrouble.QUIET_S=3 -- agent run --config agent.toml
A field of a constant is set too, and one of a shipped rule: rule:target_unreachable.hold_s=5
"""

import importlib
import sys
from collections.abc import Sequence

from alerts.shipped import RULES
from schoolwatch import main

RULE = "rule:"


def shorten(name: str, seconds: float) -> None:
    """Set the constant *name* of a module, or its field; raises AttributeError if there is none."""
    path, _, word = name.rpartition(".")
    holder: object
    if path.startswith(RULE):
        (holder,) = [rule for rule in RULES if rule.name == path.removeprefix(RULE)]
    elif path.rpartition(".")[2].isupper():
        path, _, constant = path.rpartition(".")
        holder = getattr(importlib.import_module(path), constant)
    else:
        holder = importlib.import_module(path)
    kind = type(getattr(holder, word))
    # Rules are frozen, and what shares them has them already.
    object.__setattr__(holder, word, kind(seconds))


def run(words: Sequence[str]) -> int:
    waits, command = words[: words.index("--")], words[words.index("--") + 1 :]
    for wait in waits:
        name, _, seconds = wait.partition("=")
        shorten(name, float(seconds))
    return main(list(command))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
