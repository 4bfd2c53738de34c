"""E-mail: text and HTML, over SMTP in a thread.

By the standard library and not by apprise, which only says that it failed: a wrong password would
be tried for a day, a busy server given up, and one refused recipient out of three would have the
other two told again. No address is logged.
Watch it work: schoolwatch notify test --channel NAME
"""

import asyncio
import hashlib
import html
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal

from alerts.channels.body import key_of
from alerts.channels.markdown import lines_of
from alerts.channels.said import Said, said_of
from alerts.outbox import Parcel
from core import clock
from core.alerts import Language
from core.errors import DeliveryError, RetryLater

Tls = Literal["starttls", "ssl", "none"]
Refused = Mapping[str, tuple[int, bytes]]
MOST_SUBJECT: Final = 120
"""Characters."""
_COLOURS: Final = {"begins": "#b71c1c", "over": "#1b5e20", "news": "#37474f"}


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over."""

    host: str
    port: int
    tls: Tls = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 20.0
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context

    def hand_over(self, mail: EmailMessage, to: list[str]) -> Refused:
        """Send *mail* and return the recipients that were refused; blocks.

        Raises smtplib.SMTPException, OSError.
        """
        with self._connected() as server:
            if self.tls == "starttls":
                server.starttls(context=self.context())
            if self.user:
                server.login(self.user, self.password)
            return server.send_message(mail, to_addrs=to)

    def _connected(self) -> smtplib.SMTP:
        if self.tls == "ssl":
            return smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout_s, context=self.context()
            )
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)


@dataclass(slots=True)
class _Left:
    """Who has not got the message `key`; in `doubt` they may have it all the same."""

    key: str
    to: tuple[str, ...]
    doubt: bool


@dataclass(slots=True)
class Mail:
    """A channel; `collector` is the collector's id."""

    name: str
    server: Server
    sender: str = field(repr=False)
    to: tuple[str, ...] = field(repr=False)
    collector: str
    language: Language = "both"
    _left: "_Left | None" = None

    async def send(self, parcel: Parcel) -> None:
        """Send the mail to all who do not have it; raises RetryLater, DeliveryError."""
        key = key_of(parcel.notification, self.collector)
        left = self._left
        if left is None or left.key != key:
            left = _Left(key, self.to, parcel.repeat)
        # A mark that is there because others have it is for who comes after this process.
        parcel = replace(parcel, repeat=left.doubt)
        mail = mail_of(said_of(parcel, self.language, self.collector), key, parcel.notification.at)
        mail["From"], mail["To"] = self.sender, ", ".join(left.to)
        try:
            refused = await asyncio.to_thread(self.server.hand_over, mail, list(left.to))
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        except smtplib.SMTPResponseException as error:
            raise _answered(error.smtp_code, _what(error)) from None
        except smtplib.SMTPServerDisconnected:
            left.doubt = True
            raise RetryLater("the mail server closed the connection", perhaps=True) from None
        except smtplib.SMTPException as error:
            raise DeliveryError(f"the mail server cannot do it: {type(error).__name__}") from None
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or "no TLS"
            raise RetryLater(f"no encrypted connection: {reason}", perhaps=False) from None
        except TimeoutError:
            left.doubt = True
            text = f"no answer within {self.server.timeout_s:g} s"
            raise RetryLater(text, perhaps=True) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", "") or type(error).__name__
            raise RetryLater(f"cannot connect: {reason}", perhaps=False) from None
        self._judge(left, refused)

    async def close(self) -> None:
        """Nothing is open."""

    def _judge(self, left: "_Left", refused: Refused) -> None:
        """Try again for those whom the server refused for now; who is refused for good is lost."""
        later = tuple(one for one in left.to if one in refused and refused[one][0] < 500)
        never = sum(refused[one][0] >= 500 for one in refused)
        if later:
            some_have_it = len(later) + never < len(self.to)
            left.to, self._left = later, left
            text = f"{len(later)} of {len(self.to)} recipients were not taken for now"
            raise RetryLater(text, perhaps=some_have_it)
        self._left = None
        if never:
            raise DeliveryError(
                f"{never} of {len(self.to)} recipients are refused: correct `to`; the others have "
                "the mail"
            )


def mail_of(said: Said, key: str, at: int) -> EmailMessage:
    """Return the mail, without sender and recipients."""
    mail = EmailMessage()
    mail["Subject"] = subject_of(said)
    mail["Date"] = format_datetime(clock.local(at, UTC))
    # The same in every copy, so that a mail program shows a repeat beside the first.
    mail["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@schoolwatch.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    if said.urgent:
        mail["Importance"] = "high"
    mail.set_content("\n".join([said.headline, *said.notes, "", *_text(said), "", said.foot]))
    mail.add_alternative(_page(said), subtype="html")
    return mail


def subject_of(said: Said) -> str:
    """Return one line, whatever it is made of: what stands in it can make no other header."""
    line = " ".join("".join([said.headline, *said.notes]).split())
    line = "".join(char for char in line if char.isprintable())
    return line if len(line) <= MOST_SUBJECT else line[:MOST_SUBJECT] + "…"


def _text(said: Said) -> list[str]:
    return lines_of(said, marked=False)


def _page(said: Said) -> str:
    colour = _COLOURS[said.tone]
    rows = [f'<h2 style="color:{colour}">{html.escape(said.headline)}</h2>']
    rows += [f"<p><b>{html.escape(note)}</b></p>" for note in said.notes]
    rows += list(_items(said))
    rows.append(f'<p style="color:#78909c">{html.escape(said.foot)}</p>')
    return f'<html><body style="font-family:sans-serif">{"".join(rows)}</body></html>'


def _items(said: Said) -> Iterator[str]:
    for item in said.items:
        if item.title != said.short:
            yield f"<h3>{html.escape(item.title)}</h3>"
        yield "".join(f"<p>{html.escape(line)}</p>" for line in item.lines)
        if item.link:
            yield f'<p><a href="{html.escape(item.link)}">{html.escape(said.confirm)}</a></p>'


def _what(error: smtplib.SMTPResponseException) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "user or password are not right"
    if isinstance(error, smtplib.SMTPSenderRefused):
        return "the sender is refused"
    return "the mail server refuses it"


def _answered(code: int, what: str) -> DeliveryError:
    """Return the error for a reply: 4yz is for now, 5yz for good (RFC 5321, 4.2.1)."""
    text = f"code {code}: {what}"
    return RetryLater(text, perhaps=False) if code < 500 else DeliveryError(text)
