"""What a driver may ask one device by SNMP, by numbers alone; how it is asked is `sessions`'."""

from typing import Final, Protocol

from core.errors import TargetUnreachable

MOST_ROWS: Final = 4_096
"""Of one column; a device that has more does not end, or means ill."""

Value = int | bytes | str
"""A number, a counter, a time; an OCTET STRING as it came (`texts.name_of` reads names); an object
identifier or an IpAddress in its usual writing."""


class Silent(TargetUnreachable):
    """Nothing came back by version 1 or 2c: the device is off, or does not know the community.

    By version 3 it would say that, so what is silent there is no more than TargetUnreachable.
    """


class Unreadable(TargetUnreachable):
    """The device answers, and no value can be had from that; `cause` is a word of core.causes."""

    cause = "garbage"


class WrongCredentials(Unreadable):
    """The device answers and says that user, password or protocol are not those that it knows."""

    cause = "credentials"


class Session(Protocol):
    """Questions to one device, one after the other; never two at once.

    Both raise TargetUnreachable where it is silent, Unreadable where it answers and refuses or
    cannot be understood, WrongCredentials where it says so.
    """

    async def get(self, *oids: str) -> dict[str, Value | None]:
        """Return the value of each of *oids*; None for one that the device does not have."""

    async def column(self, oid: str) -> dict[str, Value]:
        """Return the value in each row of a table's column, by its index; empty without the table.

        Ends where the column ends, or where a device does not go forward; Unreadable too where it
        goes on after MOST_ROWS rows.
        """
