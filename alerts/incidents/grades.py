"""The four grades of an incident, and what raises a proposal (domain.md §8, §9)."""

from typing import Final, Literal, get_args

Grade = Literal["一般", "较大", "重大", "特别重大"]
GRADES: Final[tuple[Grade, ...]] = get_args(Grade)
"""From the least to the worst."""

Said = Literal["一般", "较大", "重大", "特别重大", "误报"]
FALSE_ALARM: Final = "误报"
"""What a person may say instead of a grade: it was none."""
SAYABLE: Final[tuple[Said, ...]] = get_args(Said)

Concern = Literal["crime", "minors", "personal_data"]
CONCERNS: Final[tuple[Concern, ...]] = get_args(Concern)
"""What only a person can know of an incident, and what has clocks of its own."""


def higher(grade: Grade) -> Grade:
    """Return one grade higher; of the worst itself."""
    return GRADES[min(GRADES.index(grade) + 1, len(GRADES) - 1)]
