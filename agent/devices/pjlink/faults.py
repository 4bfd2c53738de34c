"""What ends a question to a projector, or a whole conversation with it."""

from core.errors import TargetUnreachable


class Gone(TargetUnreachable):
    """Nobody takes the connection; `refused` says that the machine is there."""

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


class Busy(Exception):
    """The connection was taken, and no greeting came: somebody else has the only place."""


class Closed(Exception):
    """The projector ended the connection before it answered."""


class Silent(Exception):
    """The projector did not answer in time."""


class Denied(Exception):
    """The projector does not take the password, or wants one and there is none."""


class Garbage(Exception):
    """What came is not PJLink."""
