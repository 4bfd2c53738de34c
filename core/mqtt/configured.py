"""From the table [broker] to a broker that a session can reach."""

from core.brokerconfig import BrokerConfig
from core.mqtt.types import Broker


def broker_of(config: BrokerConfig) -> Broker:
    """Return how a session gets to the broker; raises ConfigError for its password."""
    return Broker(
        host=config.host,
        port=config.port,
        protocol=config.protocol,
        keepalive_s=config.keepalive_s,
        ca_file=config.ca_file,
        cert_file=config.cert_file,
        key_file=config.key_file,
        username=config.username,
        password=config.password(),
        embedded=config.embedded,
    )
