"""What servers answer that a school needs. Names and types are Telegraf's where it has them."""

from typing import Final

from core.measurements.base import Field, counts, measurement

_SUCCESS: Final = Field("success", "integer", "", "1 all is as it should be, 0 not")


def _verdict(where: str, more: str = "") -> Field:
    meaning = f"ok, or what is wrong, in one word: see {where}{more}"
    return Field("verdict", "string", "", meaning, urgent=True)


def _code(name: str, meaning: str) -> Field:
    return Field(name, "integer", "", meaning, urgent=True)


def _ms(name: str, meaning: str, deadband: float) -> Field:
    return Field(name, "float", "ms", meaning, deadband=deadband)


MEASUREMENTS: Final = (
    measurement(
        "dns_query",
        "One question to one name server, held against what is expected of the name.",
        {
            "server": "the name server as configured: an address, or a word as `resolver-1`",
            "domain": "the name that was asked for, of the configuration",
            "record_type": "A or AAAA",
        },
        _verdict("agent/clients/dnsanswer.py"),
        _SUCCESS,
        _code("result_code", "0 answered without an error, 1 no answer, 2 anything else"),
        _code("rcode_value", "the server's own code (RFC 1035): 0 no error, 2 failed, 3 no name"),
        _ms("query_time_ms", "from the question to its answer", 10),
        *counts(
            answers="addresses in the answer",
            strays="datagrams that came and answer no question of ours",
        ),
        Field("ttl_s", "integer", "s", "how long the answer may be kept", deadband=300),
        Field("tcp", "boolean", "", "the answer was cut off, and asked for again over TCP"),
        interval_s=60,
    ),
    measurement(
        "http_response",
        "One page of one web server, with the time of each phase that came to its end.",
        {
            "server": "the address as configured",
            "method": "GET",
            "family": "ipv4 or ipv6, where the configuration wants one of them",
        },
        _verdict("agent/probes/http.py"),
        _SUCCESS,
        _code(
            "result_code",
            "0 answered, 1 without the expected text, 2 not to the end, 3 failed, 4 no answer in "
            "time, 5 no address, 6 another status than expected",
        ),
        _code("http_response_code", "status of the answer"),
        Field("response_time", "float", "s", "until all headers were there", deadband=0.05),
        Field("content_length", "integer", "B", "length of the body", deadband=1024),
        _ms("resolve_ms", "to find the address", 20),
        _ms("connect_ms", "to connect", 20),
        _ms("tls_ms", "for the handshake of TLS", 20),
        _ms("first_byte_ms", "from the request to the first byte of the answer", 20),
        _ms("total_ms", "for everything, with the body or the first 64 kB of it", 50),
        interval_s=60,
    ),
    measurement(
        "x509_cert",
        "The certificate of one server.",
        {"source": "the server as configured: a host, with a port where that is not 443"},
        _verdict("agent/probes/cert.py"),
        _code("verification_code", "0 valid, 1 not"),
        Field("verification_error", "string", "", "what OpenSSL says is wrong"),
        Field("days_left", "integer", "d", "whole days until it expires; negative afterwards"),
        Field("expiry", "integer", "s", "seconds until it expires", deadband=86_400),
        Field("age", "integer", "s", "seconds since it began to be valid", deadband=86_400),
        Field("startdate", "integer", "s", "when it began to be valid, since 1970"),
        Field("enddate", "integer", "s", "when it expires, since 1970"),
        interval_s=3600,
    ),
    measurement(
        "public_address",
        "The address of the school's line, as a host outside sees it.",
        {
            "server": "who was asked, as configured",
            "family": "ipv4 or ipv6, where the configuration wants one of them",
        },
        _verdict("agent/probes/http.py", " or no_address"),
        _SUCCESS,
        Field("address", "string", "", "the address; of IPv6 the network (/64)", urgent=True),
        Field("address_class", "string", "", "one of core/addressclass.py", urgent=True),
        Field("ip_version", "integer", "", "4 or 6"),
        Field("changed", "boolean", "", "it differs from that of the round before", urgent=True),
        interval_s=600,
    ),
)
