"""What Telegraf 1.37 sends on Linux, by names and types, and what a recorded one has sent.

From plugins/inputs/<name>/<name>.go and README.md. Its unsigned numbers go out as integers (`i`)
unless an output is told otherwise.
"""

from pathlib import Path
from typing import Final

from core.catalog import FieldType

RECORDED: Final = (Path(__file__).parent / "telegraf-1.37.2.lines").read_bytes().splitlines()
"""Each input once, as the MQTT output sent it; that of temp with two sensors in HOST_SYS."""

TAGS: Final = {
    "cpu": "cpu",
    "mem": "",
    "swap": "",
    "disk": "path device fstype mode label",
    "net": "interface",
    "system": "",
    "temp": "sensor device",
    "processes": "",
    "ping": "url",
    "dns_query": "server domain record_type result rcode",
    "http_response": "server method status_code result",
    "x509_cert": """common_name organization organizational_unit country province locality
        issuer_common_name issuer_serial_number ocsp_stapled ocsp_status ocsp_verified
        public_key_algorithm san serial_number signature_algorithm source type verification""",
}
"""Besides `host`, which an output can be told to leave out."""

_FLOATS: Final = {
    "cpu": """usage_user usage_system usage_idle usage_active usage_nice usage_iowait usage_irq
        usage_softirq usage_steal usage_guest usage_guest_nice time_user time_system time_idle
        time_active time_nice time_iowait time_irq time_softirq time_steal time_guest
        time_guest_nice""",
    "mem": "used_percent available_percent",
    "swap": "used_percent",
    "disk": "used_percent inodes_used_percent",
    "system": "load1 load5 load15",
    "temp": "temp",
    "ping": """percent_packet_loss minimum_response_ms average_response_ms maximum_response_ms
        standard_deviation_ms""",
    "dns_query": "query_time_ms",
    "http_response": "response_time",
}
_INTEGERS: Final = {
    "mem": """total available used active buffered cached commit_limit committed_as dirty free
        high_free high_total huge_pages_free huge_page_size huge_pages_total inactive low_free
        low_total mapped page_tables shared slab sreclaimable sunreclaim swap_cached swap_free
        swap_total vmalloc_chunk vmalloc_total vmalloc_used write_back write_back_tmp""",
    "swap": "total used free in out",
    "disk": "total free used inodes_total inodes_free inodes_used",
    "net": """bytes_sent bytes_recv packets_sent packets_recv err_in err_out drop_in drop_out
        speed""",
    "system": "n_cpus n_physical_cpus n_users n_unique_users uptime",
    "processes": """blocked dead idle paging parked running sleeping stopped total total_threads
        unknown zombies""",
    "ping": "packets_transmitted packets_received ttl result_code",
    "dns_query": "result_code rcode_value",
    "http_response": """http_response_code content_length result_code response_string_match
        response_status_code_match""",
    "x509_cert": """age enddate expiry startdate verification_code ocsp_status_code
        ocsp_next_update ocsp_produced_at ocsp_this_update""",
}
_STRINGS: Final = {
    "system": "uptime_format",
    "dns_query": "name",
    "http_response": "result_type",
    "x509_cert": "verification_error",
}


def fields_of(measurement: str) -> dict[str, FieldType]:
    """Return name and type of each field that Telegraf may send of *measurement*."""
    types: tuple[tuple[FieldType, dict[str, str]], ...] = (
        ("float", _FLOATS),
        ("integer", _INTEGERS),
        ("string", _STRINGS),
    )
    return {name: kind for kind, table in types for name in table.get(measurement, "").split()}
