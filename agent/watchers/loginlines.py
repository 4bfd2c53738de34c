"""What lines of a machine's log say of logins that failed: who tried is known by address only.

The name that somebody tried stands in many of these lines. It is not kept, and since whoever tries
chooses it, what follows it is read from the end of the line. Programs: sshd and sshd-session
(OpenSSH), dropbear, login of busybox, and whatever asks pam_unix (login, su, sudo, vsftpd, gdm,
lightdm). Lines are those of OpenSSH 9.2, dropbear 2022.83, Linux-PAM 1.5.2, busybox 1.35.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from agent.sensor.tables import Bounded

SSHD: Final = ("sshd", "sshd-session", "sshd-auth")
NO_TRIES: Final = ("publickey", "none", "hostbased")
"""Ways in that a program tries by itself before it asks a person: a client with many keys."""
MOST_TIMES: Final = 1_000
CONNECTIONS: Final = 1_024

_TIMES: Final = r"(?:message repeated (?P<times>\d{1,6}) times: \[ ?)?"
_FAILED: Final = re.compile(
    _TIMES + r"Failed (?P<way>\S+) for .* from (?P<host>\S+) port (?P<port>\d+)(?: ssh2)?\]?\Z"
)
_CLOSED: Final = re.compile(
    r"(?:Connection (?:closed|reset) by|Disconnected from) (?:invalid|authenticating) user "
    r".* (?P<host>\S+) port (?P<port>\d+) \[preauth\]\Z"
)
_PAM: Final = re.compile(
    _TIMES + r"(?:pam_unix\((?P<service>[\w.-]+):auth\): authentication failure"
    r"|PAM (?P<more>\d{1,6}) more authentication failures?);"
    r".* rhost=(?P<host>\S*)(?:\s+user=\S*)?\]?\Z"
)
_BUSYBOX: Final = re.compile(r"invalid password for '.*' on '[^']*'(?: from '(?P<host>[^']*)')?\Z")
_DROPBEAR: Final = re.compile(
    r"(?:Bad (?:PAM )?password attempt for|Login attempt for nonexistent user).* ?from "
    r"(?P<host>\S+):(?P<port>\d+)\Z"
)


class Failed(NamedTuple):
    """Logins that failed: from where, "" for this machine's own screen, by which way in."""

    host: str
    way: str
    tries: int = 1


@dataclass(slots=True)
class LoginLines:
    """Reads one line after the other; remembers which connections failed a password."""

    _counted: Bounded[tuple[str, str], bool] = field(
        default_factory=lambda: Bounded(CONNECTIONS, bool)
    )

    def read(self, program: str, message: str) -> Failed | None:
        """Return what *message* of *program* says of failed logins; None for nothing."""
        message = message.strip()
        if program in SSHD:
            return self._sshd(message)
        if program == "dropbear":
            found = _DROPBEAR.search(message)
            return Failed(found["host"].strip("[]"), "ssh") if found else None
        if program == "login" and (found := _BUSYBOX.search(message)):
            return Failed(found["host"] or "", "login")
        found = _PAM.search(message)
        if found is None or found["service"] == "sshd":  # sshd says it better itself
            return None
        times = _number(found["times"]) * _number(found["more"])
        return Failed(found["host"], found["service"] or program, min(times, MOST_TIMES))

    def _sshd(self, message: str) -> Failed | None:
        if found := _FAILED.search(message):
            if found["way"].partition("/")[0] in NO_TRIES:
                return None
            self._counted.put((found["host"], found["port"]), True)
            return Failed(found["host"], "ssh", min(_number(found["times"]), MOST_TIMES))
        # A server that takes keys only asks for no password: each connection is a try.
        found = _CLOSED.search(message)
        if found and not self._counted.get((found["host"], found["port"])):
            return Failed(found["host"], "ssh")
        return None


def _number(text: str | None) -> int:
    return int(text) if text else 1


# RFC 3164 as rsyslog writes it, and RFC 3339 as Debian 13 does.
_LINE: Final = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S+ "
    r"(?P<program>[^\s:\[]+)(?:\[\d+\])?: (?P<message>.*)"
)


def from_file(line: str) -> tuple[str, str] | None:
    """Return program and message of a line of auth.log or secure; None for what is none."""
    found = _LINE.match(line.rstrip("\r\n"))
    return (found["program"].rpartition("/")[2], found["message"]) if found else None


def from_journal(entry: Mapping[str, object]) -> tuple[str, str] | None:
    """Return program and message of an entry of `journalctl -o json`; None for what is none.

    Of a machine elsewhere only the administrator's programs are believed: any user can have
    `logger` write that one failed, and so have an address blamed.
    """
    program, message = entry.get("SYSLOG_IDENTIFIER"), entry.get("MESSAGE")
    if isinstance(message, list):  # bytes that are no UTF-8
        message = bytes(one for one in message if isinstance(one, int) and 0 <= one < 256).decode(
            "utf-8", "replace"
        )
    if not isinstance(program, str) or not isinstance(message, str):
        return None
    if entry.get("_UID", "0") != "0":
        found = _PAM.search(message)
        if found is None or found["host"]:
            return None
    return program, message
