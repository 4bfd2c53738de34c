"""What a machine tells of its network. Names and types are Telegraf's where it has them."""

from typing import Final

from core.measurements.base import Field, byte_counts, counts, measurement

MEASUREMENTS: Final = (
    measurement(
        "net",
        "Counters of one network interface since the machine started.",
        {"interface": "the interface's name"},
        *byte_counts(bytes_sent="sent", bytes_recv="received"),
        *counts(
            packets_sent="packets sent",
            packets_recv="packets received",
            err_in="damaged on the way in",
            err_out="could not be sent",
            drop_in="received but dropped",
            drop_out="dropped before sending",
        ),
    ),
    measurement(
        "ping",
        "Echo requests to one target.",
        {
            "url": "the target as configured: a name or an address",
            "family": "`ipv4` or `ipv6`, where the configuration asks for one of them or for both",
        },
        *counts(
            packets_transmitted="requests sent",
            packets_received="answers received",
            ttl="hops that the last answer could still have gone",
            result_code="0 answered in part or whole, 1 no such host, 2 no answer at all",
        ),
        Field("percent_packet_loss", "float", "%", "requests without an answer"),
        Field("minimum_response_ms", "float", "ms", "fastest answer"),
        Field("average_response_ms", "float", "ms", "mean answer"),
        Field("maximum_response_ms", "float", "ms", "slowest answer"),
        Field("standard_deviation_ms", "float", "ms", "how much the answers differ"),
        Field(
            *("jitter_ms", "float", "ms"),
            "mean absolute difference of consecutive answers (RFC 3550, not smoothed)",
            deadband=1.0,
        ),
    ),
)
