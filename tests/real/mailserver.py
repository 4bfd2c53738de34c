"""A real mail server on loopback (aiosmtpd): it takes mail, refuses, asks for a password, hangs."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.real.brokers import free_port

USER, PASSWORD = "schoolwatch", "correct-horse"


@dataclass
class Mailbox:
    """What came; `refuses` has the answer for a recipient, `says` the one to a whole mail."""

    port: int = 0
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    says: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 — aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.says:
            return self.says.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(([*envelope.rcpt_tos], mail))
        return "250 OK"


def _login(_server: SMTP, _session: Session, _envelope: Any, _mechanism: str, data: Any) -> Any:
    assert isinstance(data, LoginPassword)
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def serving(
    context: ssl.SSLContext | None = None, *, implicit: bool = False, login: bool = False
) -> Iterator[Mailbox]:
    """Serve a mailbox for the length of the block; with *context* it speaks TLS."""
    box = Mailbox()
    more: dict[str, Any] = {}
    if context and implicit:
        more = {"ssl_context": context}
    elif context:
        more = {"tls_context": context, "require_starttls": True}
    if login:
        more |= {
            "authenticator": _login,
            "auth_required": True,
            "auth_require_tls": bool(context) and not implicit,
        }
    box.port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **more)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
