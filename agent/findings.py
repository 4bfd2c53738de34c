"""What a check of the agent says of one part: whether it works, and what to do where not."""

from dataclasses import dataclass
from typing import Literal

State = Literal["works", "broken", "rights", "note"]
"""`rights`: it would work with rights that this process lacks. `note` is no judgement."""


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
