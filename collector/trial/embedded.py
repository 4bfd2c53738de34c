"""The embedded broker's process: rumqttd, compiled into the wheel `iotcore`.

python -m collector.trial.embedded var/broker/rumqttd.toml

A thread of rumqttd that panics leaves a process behind that listens and answers nobody. So what it
prints is read here, and a panic ends the process: who started it can start it anew.
"""

import logging
import os
import sys
import threading
from typing import Final

from iotcore import IotCoreBroker

PANICKED: Final = 70
"""Exit code after a panic: EX_SOFTWARE of sysexits.h."""


def main() -> None:
    """Serve as the configuration in the first argument says, until killed or a thread panics."""
    errors = _end_when_a_thread_panics()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # rumqttd reports every packet that it routes as an error.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    try:
        IotCoreBroker(config_path=sys.argv[1]).run_forever()
    finally:
        os.dup2(errors, 2)  # what ends the process is not left behind in the pipe


def _end_when_a_thread_panics() -> int:
    """Read what is printed to standard error from now on; return where it really goes."""
    read, write = os.pipe()
    errors = os.dup(2)
    os.dup2(write, 2)
    threading.Thread(target=_pass_on, args=(read, errors), daemon=True).start()
    return errors


def _pass_on(read: int, errors: int) -> None:
    with os.fdopen(read, "rb") as printed:
        for line in printed:
            os.write(errors, line)
            if b"panicked at" in line:
                os.write(errors, next(printed, b""))  # why
                os._exit(PANICKED)


if __name__ == "__main__":
    main()
