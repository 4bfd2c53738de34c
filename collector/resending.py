"""What is firing, told to an Alertmanager again and again: it forgets what it does not hear of."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from alerts.channels.alertmanager import Alertmanager
from core.alerts import Telling
from core.errors import DeliveryError

_log = logging.getLogger(__name__)


async def resend(
    channel: Alertmanager, firing: Callable[[], Sequence[Telling]], stopping: asyncio.Event
) -> None:
    """Post what is firing each `resend_s` until *stopping* is set."""
    failing = False
    while not stopping.is_set():
        try:
            # Ten thousand alerts take their time to be put into words.
            tellings = await asyncio.to_thread(firing)
            await channel.post(channel.theirs(tellings))
        except DeliveryError as error:
            if not failing:
                _log.warning("channel %s: %s; what fires is sent again later", channel.name, error)
            failing = True
        else:
            failing = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), channel.resend_s)
