"""The MQTT session, and the one place that knows paho.

paho runs a thread of its own; everything that it sees crosses into the event loop through one door
(`Link._tell`), so a listener never meets a thread. Nothing here is durable: what was not
acknowledged when a connection ends is gone, and the spool sends it again.
"""

from core.mqtt import lean  # noqa: F401 — before anything else here imports paho

# isort: split
from core.mqtt.client import WatchedClient
from core.mqtt.session import Session
from core.mqtt.types import Broker, Connected, Listener, Message, Will

__all__ = ["Broker", "Connected", "Listener", "Message", "Session", "WatchedClient", "Will"]
