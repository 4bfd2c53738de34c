"""What the words of the agents' probes say to people: which phase, what is wrong, what to try.

The words are those of agent/probes/http.py, agent/clients/dnsanswer.py and agent/probes/cert.py;
a test holds that each has its sentence. A word that is not here is told as it came.
"""

from collections.abc import Mapping
from typing import Any, Final

from core.alerts import Text

CERTIFICATE: Final[Mapping[str, Text]] = {
    "expired": Text("证书已过期", "the certificate has expired"),
    "not_yet_valid": Text("证书还没有生效", "the certificate is not valid yet"),
    "self_signed": Text("证书是自签名的", "the certificate is signed by itself"),
    "unknown_issuer": Text("证书的颁发者不受信任", "the issuer of the certificate is not trusted"),
    "incomplete_chain": Text(
        "服务器没有发出中间证书", "the server does not send the certificate between"
    ),
    "wrong_host": Text("证书是另一个域名的", "the certificate is for another name"),
    "weak": Text("证书的加密强度太弱", "key or signature of the certificate is too weak"),
    "not_valid": Text("证书无效", "the certificate is not valid"),
    "unreadable": Text("证书无法读取", "the certificate cannot be read"),
}

HTTP: Final[Mapping[str, Text]] = {
    "no_such_host": Text("域名不存在（解析阶段）", "no such name (resolving)"),
    "resolve_failed": Text("域名解析失败（解析阶段）", "the name was not resolved (resolving)"),
    "connect_refused": Text(
        "域名解析成功，对方拒绝连接（连接阶段）",
        "the name was resolved, the connection refused (connecting)",
    ),
    "connect_timeout": Text(
        "域名解析成功，连接超时（连接阶段）",
        "the name was resolved, the connection never came (connecting)",
    ),
    "connect_failed": Text(
        "域名解析成功，连接失败（连接阶段）",
        "the name was resolved, the connection failed (connecting)",
    ),
    "tls_timeout": Text(
        "已经连上，加密握手超时（TLS 阶段）",
        "connected, but the handshake did not end (TLS)",
    ),
    "tls_failed": Text(
        "已经连上，加密握手失败（TLS 阶段）", "connected, but the handshake failed (TLS)"
    ),
    **{
        f"certificate_{word}": Text(f"已经连上，{text.zh}（TLS 阶段）", f"{text.en} (TLS)")
        for word, text in CERTIFICATE.items()
    },
    "no_first_byte": Text(
        "已经连上，服务器没有应答（等待应答阶段）",
        "connected, but the server does not answer (waiting for the answer)",
    ),
    "not_http": Text(
        "应答的不是网页服务（应答阶段）", "what answers is no web server (the answer)"
    ),
    "truncated": Text(
        "页面没有传完就中断（传输阶段）", "the page broke off before its end (the page)"
    ),
    "unfinished": Text(
        "页面在限定时间内没有传完（传输阶段）", "the page did not come to its end (the page)"
    ),
    "captive_portal": Text(
        "应答的不是它本身，多半是上网认证页面（应答阶段）",
        "somebody else answers, most likely a login page for the network (the answer)",
    ),
    "unexpected": Text(
        "服务器的应答与预期不符（应答阶段）", "the server answers something else (the answer)"
    ),
    "http_error": Text(
        "服务器报告错误 {http_response_code}（应答阶段）",
        "the server answers with status {http_response_code} (the answer)",
    ),
    "slow": Text("打开太慢", "slow"),
}

TELEGRAF: Final[Mapping[int, Text]] = {
    1: HTTP["unexpected"],
    2: HTTP["truncated"],
    3: HTTP["connect_failed"],
    4: Text("超时，不知道在哪个阶段", "no answer in time, in which phase is not known"),
    5: HTTP["resolve_failed"],
    6: HTTP["unexpected"],
}
"""Its `result_code` of `http_response`; it gives no word."""

DNS: Final[Mapping[str, Text]] = {
    "timeout": Text("没有应答", "no answer"),
    "unreachable": Text("那个地址上没有域名服务", "nobody listens there"),
    "servfail": Text("它查不到结果（SERVFAIL）", "it could not find out (SERVFAIL)"),
    "refused": Text("它拒绝查询（REFUSED）", "it refuses to answer (REFUSED)"),
    "nxdomain": Text("它说域名不存在", "it says that there is no such name"),
    "rcode": Text("它报告错误", "it reports an error"),
    "truncated": Text("应答不完整", "the answer is cut off"),
    "malformed": Text("应答无法读懂", "the answer cannot be read"),
    "wrong_address": Text("给出的地址不是预期的", "the address is not one that is expected"),
    "sinkhole": Text("给出的是一个无效地址", "the address leads nowhere"),
    "not_nxdomain": Text(
        "给一个不存在的域名编造了地址", "it has an address for a name that does not exist"
    ),
    "two_answers": Text(
        "收到两个不同的应答，其中一个是伪造的", "two answers that differ: one of them is forged"
    ),
    "mismatched": Text("应答与查询不符，可能是伪造的", "the answer is to another question"),
}

WORDS: Final[Mapping[str, Mapping[str, Text]]] = {
    "http_response": HTTP,
    "dns_query": DNS,
    "x509_cert": CERTIFICATE,
}

PHASES: Final[Mapping[str, Text]] = {
    "resolve_ms": Text("域名解析", "resolving the name"),
    "connect_ms": Text("建立连接", "connecting"),
    "tls_ms": Text("加密握手（TLS）", "the TLS handshake"),
    "first_byte_ms": Text("等待服务器应答", "waiting for the answer"),
    "page": Text("传输页面", "the page itself"),
}
"""In their order; the page takes what the others leave of `total_ms`."""

_ADVICE: Final[Mapping[str, Text]] = {
    "resolve": Text("检查域名服务器（DNS）的设置", "check the name servers (DNS)"),
    "connect": Text(
        "若多个平台同时如此，检查出口线路和防火墙；只有它如此，多半是平台自己的故障",
        "if several fail at once, check uplink and firewall; if it alone does, it is most likely "
        "its own fault",
    ),
    "tls": Text(
        "核对电脑的日期和时间，再看上网行为管理或防火墙是否拦截了加密连接",
        "check date and time of the machine, then whether a filter or firewall stands between",
    ),
    "portal": Text("在那台电脑上完成上网认证（登录）", "log in to the network on that machine"),
    "answer": Text(
        "多半是平台自己的故障，可稍后再试，并向平台客服反映",
        "most likely it is its own fault: try later, and tell its operators",
    ),
}
_ADVICE_OF: Final[Mapping[str, str]] = {
    "no_such_host": "resolve",
    "resolve_failed": "resolve",
    "captive_portal": "portal",
}


def sentences(measurement: str, details: Mapping[str, Any], number: int) -> dict[str, str]:
    """Return what the *details* of an alert about *measurement* say, in the language *number*.

    `why` and `advice` by the word that came, `phase` and `seconds` by the times; what is not known
    is not there.
    """
    known, word = WORDS.get(measurement, {}), str(details.get("verdict", ""))
    code = details.get("value")
    if not word and measurement == "http_response" and isinstance(code, int):
        text = TELEGRAF.get(code)
    else:
        text = known.get(word)
    said = {"why": text[number] if text else word} if text or word else {}
    if measurement == "http_response":
        said["advice"] = _ADVICE[_advice_of(word)][number]
        if phase := slowest(details):
            said["phase"] = PHASES[phase][number]
        if seconds := _seconds(details):
            said["seconds"] = f"{seconds:.1f}"
    return said


def slowest(details: Mapping[str, Any]) -> str:
    """Return the phase that took the longest, "" where none is known."""
    times = {name: float(details[name]) for name in PHASES if name in details}
    if times and "total_ms" in details:
        times["page"] = float(details["total_ms"]) - sum(times.values())
    return max(times, key=lambda name: times[name], default="")


def _seconds(details: Mapping[str, Any]) -> float:
    if "total_ms" in details:
        return float(details["total_ms"]) / 1000
    return float(details.get("response_time", 0))


def _advice_of(word: str) -> str:
    if word in _ADVICE_OF:
        return _ADVICE_OF[word]
    begins = word.split("_", maxsplit=1)[0]
    return {"connect": "connect", "tls": "tls", "certificate": "tls", "": "connect"}.get(
        begins, "answer"
    )
