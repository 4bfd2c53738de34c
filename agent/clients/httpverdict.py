"""What a web server's answer means, held against what is wanted of it: one word, and the fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from agent.clients.http import Answer, Url
from core.types import Value

NETWORK_AUTHENTICATION_REQUIRED: Final = 511
"""RFC 6585: a portal that says so itself."""

STRING_MISMATCH, BODY, FAILED, TIMEOUT, DNS, STATUS_MISMATCH = 1, 2, 3, 4, 5, 6
RESULT_CODES: Final = {
    "no_such_host": DNS,
    "resolve_failed": DNS,
    "connect_timeout": TIMEOUT,
    "tls_timeout": TIMEOUT,
    "no_first_byte": TIMEOUT,
    "unfinished": BODY,
    "truncated": BODY,
}
"""Telegraf's, by the fault; any other fault is FAILED, and an answer that came is 0."""

PHASES: Final = ("resolve", "connect", "tls", "first_byte")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is expected of one page: a status (0: any below 400), a text in it ("": any)."""

    status: int = 0
    text: str = ""
    slow_after_s: float = 3.0


def verdict_of(url: Url, answer: Answer, wanted: Wanted) -> str:
    """Return the word for *answer*."""
    wrong = answer.fault or _wrong_status(url, answer, wanted.status)
    if wrong:
        return wrong
    if wanted.text and not holds(answer.body, wanted.text):
        return _somebody_else(url)
    return "slow" if answer.total_ms > 1000 * wanted.slow_after_s else "ok"


def _wrong_status(url: Url, answer: Answer, wanted: int) -> str:
    if answer.status == wanted:
        return ""
    # With TLS the certificate has proved who answered: where it leads to is its own business.
    elsewhere = not url.is_tls and is_elsewhere(url, answer)
    if elsewhere or answer.status == NETWORK_AUTHENTICATION_REQUIRED:
        return "captive_portal"
    if answer.status >= 400:
        return "http_error"
    return _somebody_else(url) if wanted else ""


def is_elsewhere(url: Url, answer: Answer) -> bool:
    """Return whether *answer* leads to another host: not to `www.` of the same, or back."""
    if not 300 <= answer.status < 400 or not answer.location:
        return False
    try:
        to = urlsplit(urljoin(url.text, answer.location)).hostname or ""
    except ValueError:
        return True
    ours = f".{url.host}"
    return not (f".{to}".endswith(ours) or ours.endswith(f".{to}"))


def holds(body: bytes | bytearray, text: str) -> bool:
    """Return whether *text* is in *body*, in one of the two encodings of Chinese pages."""
    found = (text.encode(encoding, "replace") for encoding in ("utf-8", "gb18030"))
    return any(form in body for form in found)


def fields_of(url: Url, answer: Answer, wanted: Wanted) -> Mapping[str, Value]:
    """Return the fields of a reading; a time is there only for a phase that came to its end."""
    verdict = verdict_of(url, answer, wanted)
    fields: dict[str, Value] = {
        "result_code": _result_code(answer, wanted),
        "verdict": verdict,
        "success": int(verdict in ("ok", "slow")),
    }
    fields |= {f"{name}_ms": round(answer.ms[name], 3) for name in PHASES if name in answer.ms}
    if answer.status:
        fields["http_response_code"] = answer.status
        fields["response_time"] = round(answer.headers_ms / 1000, 6)
    if not answer.fault:
        fields["total_ms"] = round(answer.total_ms, 3)
        if answer.length is not None:
            fields["content_length"] = answer.length
    return fields


def _result_code(answer: Answer, wanted: Wanted) -> int:
    if answer.fault:
        return RESULT_CODES.get(answer.fault, FAILED)
    if wanted.status and answer.status != wanted.status:
        return STATUS_MISMATCH
    return STRING_MISMATCH if wanted.text and not holds(answer.body, wanted.text) else 0


def _somebody_else(url: Url) -> str:
    return "unexpected" if url.is_tls else "captive_portal"
