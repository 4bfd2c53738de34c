"""A school as the roster tells of it; every word of a field stands once, in `words.py`."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

Status = Literal["open", "merged", "closed"]
Standing = Literal["open", "not_yet", "merged", "closed", "unlisted"]
"""What a school is on a given day; only those that are open count."""

SchoolType = Literal[
    "primary",
    "teaching_point",
    "junior",
    "nine_year",
    "senior",
    "secondary",
    "twelve_year",
    "vocational",
    "special",
    "kindergarten",
    "other",
]
Area = Literal["urban", "town", "rural"]
Link = Literal["fibre", "private", "5g", "4g", "adsl", "satellite"]

Role = Literal["authority", "operator", "user", "leader", "person"]
"""谁主管谁负责、谁运维谁负责、谁使用谁负责, 分管负责人 and 具体责任人."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)
OWNERS: Final[tuple[Role, ...]] = ROLES[:3]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a school can be probed from outside: by an echo, or at a TCP port."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        """Return it as the roster writes it."""
        if self.port is None:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Person:
    """Who answers for a school in one role, by name and work contact; nothing else is kept."""

    role: Role
    name: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class School:
    """One row; `region` and `school` are the levels of its agents' topics.

    What the roster leaves open is None, or empty. `closed` is the first day on which a merged or
    closed school counts no more. `people` hold a role at most once.
    """

    region: str
    school: str
    name: str = ""
    status: Status = "open"
    opened: date | None = None
    closed: date | None = None
    type: SchoolType | None = None
    area: Area | None = None
    teaching_point: bool = False
    contracted_mbps: float | None = None
    target_mbps: float | None = None
    link: Link | None = None
    carrier: str = ""
    classes: int | None = None
    pupils: int | None = None
    rooms: int | None = None
    outside: tuple[Address, ...] = ()
    people: tuple[Person, ...] = ()

    def standing(self, day: date) -> Standing:
        """Return what the school is on *day*."""
        if self.opened and day < self.opened:
            return "not_yet"
        if self.status == "open" or (self.closed and day < self.closed):
            return "open"
        return self.status

    def without(self) -> tuple[Role, ...]:
        """Return the roles that nobody fills whom one could tell something."""
        filled = {person.role for person in self.people if person.name and person.contact}
        return tuple(role for role in ROLES if role not in filled)

    @property
    def missing_owners(self) -> tuple[Role, ...]:
        """Which of the three owners nobody is; not empty: flagged in every list (R-02)."""
        return tuple(role for role in self.without() if role in OWNERS)
