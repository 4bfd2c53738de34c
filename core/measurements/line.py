"""What a machine tells of its network. Names and types are Telegraf's where it has them."""

from typing import Final

from core.measurements.base import (
    HEARTBEAT_ONLY,
    Field,
    counts,
    mbits,
    measurement,
    per_second,
)

MEASUREMENTS: Final = (
    measurement(
        "net",
        "Counters of one network interface since the machine started.",
        {"interface": "the interface's name"},
        # Totals are different in every round and say nothing alone; their rise over a minute stays
        # exact, whatever did not travel in between.
        *(
            Field(name, "integer", "B", meaning, deadband=HEARTBEAT_ONLY, heartbeat_s=60)
            for name, meaning in {"bytes_sent": "sent", "bytes_recv": "received"}.items()
        ),
        *counts(HEARTBEAT_ONLY, packets_sent="packets sent", packets_recv="packets received"),
        # Every one is a sign of a bad cable or port.
        *counts(err_in="damaged on the way in", err_out="could not be sent"),
        # A sound machine drops what it has no protocol for, some every minute.
        *counts(100, drop_in="received but dropped", drop_out="dropped before sending"),
        Field("speed", "integer", "Mbit/s", "what the port has agreed on; no measured speed"),
        Field("duplex", "string", "", "`full`, or `half` where only one side may send at a time"),
        Field("mtu", "integer", "B", "largest packet that it takes"),
        Field("up", "boolean", "", "switched on by who administers the machine"),
        Field("carrier", "boolean", "", "has a cable or a wireless link that works", urgent=True),
        *per_second("bit/s", 50_000, 5, bits_recv="received", bits_sent="sent"),
        *per_second(
            "/s",
            0.1,
            err_in="damaged on the way in",
            err_out="could not be sent",
            drop_in="received but dropped",
            drop_out="dropped before sending",
        ),
    ),
    measurement(
        "bandwidth",
        "What an uplink carried, and what it has been seen to carry at most: contract, port and "
        "measurement kept apart.",
        {"uplink": "the uplink's name in the configuration of the agent"},
        *mbits(
            0.1,
            recv_mbit_s="received in this sample",
            sent_mbit_s="sent in this sample",
            peak_recv_mbit_s="the fastest sample of the window, received",
            peak_sent_mbit_s="the fastest sample of the window, sent",
            p95_recv_mbit_s="95 of 100 samples of the window received no more",
            p95_sent_mbit_s="95 of 100 samples of the window sent no more",
        ),
        Field(
            *("measured_mbit_s", "float", "Mbit/s"),
            "carried at least so much in one direction: the higher peak; what the uplink could "
            "carry was perhaps never asked of it",
            deadband=0.1,
        ),
        *mbits(
            0,
            port_mbit_s="what the port has agreed on",
            contracted_mbit_s="what the contract says",
            target_mbit_s="what is to be proven",
        ),
        Field(
            "p95_of_contract_percent", "float", "%", "the higher P95, of the contract", deadband=1
        ),
        Field(
            *("target_proven", "boolean", ""),
            "true: measured reached the target within 5 %; false: unproven, which is not missed",
        ),
        Field(
            *("known_s", "integer", "s"),
            "how much of the window the samples cover; begins anew with the agent",
            deadband=600,
        ),
        interval_s=60,
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
        ),
        Field(
            "result_code",
            "integer",
            "",
            "0 answered in part or whole, 1 no such host, 2 no answer at all",
            urgent=True,
        ),
        Field("percent_packet_loss", "float", "%", "requests without an answer"),
        # A line breathes: nobody acts on a millisecond, nor on a tenth of a long way.
        *(
            Field(name, "float", "ms", meaning, deadband=1.0, deadband_percent=10)
            for name, meaning in {
                "minimum_response_ms": "fastest answer",
                "average_response_ms": "mean answer",
                "maximum_response_ms": "slowest answer",
                "standard_deviation_ms": "how much the answers differ",
            }.items()
        ),
        Field(
            *("jitter_ms", "float", "ms"),
            "mean absolute difference of consecutive answers (RFC 3550, not smoothed)",
            deadband=1.0,
            deadband_percent=10,
        ),
        *counts(
            outages="times since the agent started that it did not answer at all for 30 s, or as "
            "configured; not there before it first answered",
        ),
        Field(
            *("outage_s", "integer", "s"),
            "how long these lasted in all, from the first lost round on, one that goes on included",
            deadband=60,
        ),
    ),
    measurement(
        "path",
        "Who answers for one of the first hops towards a target of `ping`: while that has trouble, "
        "and rarely otherwise.",
        {
            "url": "the target, as of `ping`",
            "family": "`ipv4` or `ipv6`, as of `ping`",
            "hop": "1 for the gateway, 2 for the one behind it …",
        },
        *counts(
            result_code="0 a router answers, 1 nobody does, 2 it is the target, 3 somebody lets "
            "nothing through, 4 this machine has no way there",
        ),
        Field("trouble", "boolean", "", "whether `ping` had trouble, or all was well"),
        Field("response_ms", "float", "ms", "time to its answer", deadband=1.0),
        Field(
            *("address_class", "string", ""),
            "whose address it is: `public`, `private`, `cgnat`, `link_local` or `reserved`",
        ),
        Field("address", "string", "", "the router's address, where it is a public one"),
        interval_s=3600,
    ),
    measurement(
        "sntp",
        "What one time server says of the machine's clock.",
        {"server": "the server as configured: a name or an address"},
        *counts(
            result_code="0 a time, 1 no such host, 2 no answer, 3 an answer that is not to be "
            "believed, 4 not asked, since the server asked for that (kiss-o'-death)",
            grade="0 the clock is right within 1 s, 1 off by more than that, 2 by more than 5 s",
            stratum="how many servers it is away from a reference clock",
            leap="1 the last minute of the month has 61 seconds, 2 it has 59, else 0",
        ),
        Field(
            *("offset_ms", "float", "ms"),
            "how far the machine's clock is ahead (ntpq and chrony give the opposite sign)",
            deadband=5.0,
        ),
        Field(
            *("error_ms", "float", "ms"),
            "by how much `offset_ms` may be wrong: half of `delay_ms`, and the server's own error",
            deadband=5.0,
        ),
        Field("delay_ms", "float", "ms", "the way there and back", deadband=5.0),
        Field("root_delay_ms", "float", "ms", "from the server to its reference", deadband=5.0),
        Field(
            *("root_dispersion_ms", "float", "ms"),
            "what the server allows for since it last heard its reference",
            deadband=20.0,
        ),
        interval_s=600,
    ),
    measurement(
        "uplink",
        "One line out of the school, as the machine's default routes have it.",
        {
            "uplink": "its name in the configuration; else that of the interface",
            "link_type": "`fibre`, `5g`, `edu_network`, `satellite`, `adsl` or `other`, as "
            "configured; else `unknown`",
        },
        Field("active", "integer", "", "1 while it carries the traffic, else 0", urgent=True),
        Field("up", "integer", "", "1 while its interface carries a link, else 0", urgent=True),
        Field("has_route", "integer", "", "1 while a default route leads through it, else 0"),
        Field("metric", "integer", "", "of that route: the lowest one is taken"),
        Field("metered", "integer", "", "1 where each megabyte costs, as configured, else 0"),
        Field("contracted_mbps", "float", "Mbit/s", "what the contract promises, as configured"),
    ),
)
