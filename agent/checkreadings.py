"""What a check of the agent makes of a round of readings: who answered as they should, who not."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from agent.readings import mistake
from core.catalog import CATALOG
from core.findings import Finding, State
from core.types import Reading, Value

FINE: Final = frozenset({"ok", "slow"})
NO_FAULT: Final = frozenset({"no_data"})
"""Verdicts that may well be meant so: many names have no address of IPv6."""
NO_TARGETS: Final = frozenset({"path"})
"""A hop that keeps silent is no fault, and the last one is the target itself."""


def of_readings(part: str, readings: Sequence[Reading]) -> list[Finding]:
    """Return what *readings* say: of which there are how many, and with whom something is wrong."""
    wrong = [Finding(part, "broken", reason) for one in readings if (reason := mistake(one))]
    if wrong:
        return wrong[:1]
    if not readings:
        return [Finding(part, "note", "no readings: nothing to measure here at this moment")]
    counts = {one.measurement: 0 for one in readings}
    for one in readings:
        counts[one.measurement] += 1
    text = ", ".join(f"{count} of {name}" for name, count in counts.items())
    about = (found for one in readings for found in _of_subject(part, one))
    return [Finding(part, "works", f"readings: {text}"), *about]


def _of_subject(part: str, reading: Reading) -> Iterator[Finding]:
    """Return what is wrong with the target or the server of *reading*.

    A verdict goes before a code: a resolver that lies answers without an error.
    """
    whom = " ".join(reading.tags.values()) or reading.measurement
    fields, known = reading.fields, CATALOG[reading.measurement].fields
    code = fields.get("result_code", 0)
    if "verdict" in fields:
        if fields["verdict"] not in FINE:
            state: State = "note" if fields["verdict"] in NO_FAULT else "broken"
            why = f" ({fields['verification_error']})" if "verification_error" in fields else ""
            where = known["verdict"].meaning.partition("see ")[2]
            do = f"what the word means stands in {where}"
            yield Finding(part, state, f"{whom}: {fields['verdict']}{why}", do)
    elif code and reading.measurement not in NO_TARGETS:
        do = "see whether it is there and is meant to answer"
        yield Finding(
            part, "broken", f"{whom}: {meaning_of(code, known['result_code'].meaning)}", do
        )


def meaning_of(code: Value, meanings: str) -> str:
    """Return the part of *meanings*, written as "0 this, 1 that", that is about *code*."""
    found = re.search(rf"(?:^|, ){code} (.+?)(?=, \d|$)", meanings)
    return found[1] if found else f"result_code {code}"
