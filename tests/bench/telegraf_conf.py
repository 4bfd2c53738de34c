"""Telegraf as a collector, in its best fair configuration, and how much it has written."""

import re
from pathlib import Path

from tests.real.influx import RealInflux

# Nothing is compressed on loopback; the newer parser is the faster one; debug, for the log says
# then how much was written (a line for each 5,000 points).
_AGENT = """
[agent]
  interval = "10s"
  flush_interval = "1s"
  metric_batch_size = 5000
  metric_buffer_limit = 200000
  omit_hostname = true
  debug = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["schoolwatch/v1/+/+/+/readings"]
  topic_tag = ""
  qos = 1
  persistent_session = true
  client_id = "telegraf-{bucket}"
  max_undelivered_messages = 1000
  data_format = "influx"
  influx_parser_type = "upstream"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "schoolwatch/v1/+/+/+/readings"
    tags = "_/_/region/school/agent/_"
"""
_V1 = """
[[outputs.influxdb]]
  urls = ["{url}"]
  database = "{bucket}"
  skip_database_creation = true
  username = "{name}"
  password = "{password}"
  content_encoding = "identity"
  timeout = "30s"
"""
_V2 = """
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
  content_encoding = "identity"
  timeout = "30s"
"""
_WROTE = re.compile(r"Wrote batch of (\d+) metrics")


def text(port: int, influx: RealInflux, bucket: str) -> str:
    """Return telegraf.conf."""
    name, _, password = influx.token.partition(":")
    output = _V1 if influx.version == 1 else _V2
    return (_AGENT + output).format(
        port=port, bucket=bucket, url=influx.url, name=name, password=password,
        token=influx.token, org=influx.org,
    )  # fmt: skip


class Written:
    """Reads what Telegraf's log says it has written."""

    def __init__(self, log: Path) -> None:
        self._file, self._count = log.open(errors="replace"), 0

    def count(self) -> int:
        """Return how many points InfluxDB has taken."""
        self._count += sum(int(found[1]) for found in map(_WROTE.search, self._file) if found)
        return self._count
