"""What a check says of one part: whether it works, and what to do where not."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

State = Literal["works", "broken", "rights", "look", "note"]
"""`rights`: it would work with rights that this process lacks. `look`: it works, and a person
should look all the same. `note` is no judgement."""

MARKS: Final = {
    "works": "works",
    "broken": "BROKEN",
    "rights": "RIGHTS",
    "look": "LOOK",
    "note": "-",
}
WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """*part* as the configuration names it; *text* is what is so, *do* what a person can do."""

    part: str
    state: State
    text: str
    do: str = ""

    @property
    def wrong(self) -> bool:
        """Whether something is to be done."""
        return self.state in ("broken", "rights")


def as_json(file: Path, found: Sequence[Finding]) -> str:
    """Return one JSON object for programs."""
    said = {
        "file": str(file),
        "fine": not any(one.wrong for one in found),
        "findings": [*map(asdict, found)],
    }
    return json.dumps(said, indent=2, ensure_ascii=False)


def as_text(found: Iterable[Finding]) -> Iterator[str]:
    """Yield the lines for a terminal."""
    tried = wrong = 0
    for one in found:
        tried += one.state != "note"
        wrong += one.wrong
        head = f"{MARKS[one.state]:7}{one.part:24}"
        yield from _wrapped(head, one.text)
        if one.do:
            yield from _wrapped(" " * len(head), f"→ {one.do}")
    yield ""
    yield f"{wrong} of {tried} do not work." if wrong else f"All {tried} work."


def _wrapped(head: str, text: str) -> Iterable[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
