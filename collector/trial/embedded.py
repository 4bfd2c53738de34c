"""The embedded broker's process: rumqttd, compiled into the wheel `iotcore`.

python -m collector.trial.embedded var/broker/rumqttd.toml
"""

import logging
import sys

from iotcore import IotCoreBroker


def main() -> None:
    """Serve as the configuration in the first argument says, until killed."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # rumqttd reports every packet that it routes as an error.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    IotCoreBroker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
