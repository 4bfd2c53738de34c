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
    channel: Alertmanager,
    firing: Callable[[], Sequence[Telling]],
    stopping: asyncio.Event,
    failed: Callable[[str], None],
) -> None:
    """Post what is firing each `resend_s` until *stopping* is set.

    *failed* counts by the channel's name what failed for a reason of our own, as a busy database.
    """
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
        except Exception:  # noqa: BLE001 — what fires is asked for anew the next time
            if not failing:
                _log.exception("channel %s: what fires could not be sent again", channel.name)
            failed(channel.name)
            failing = True
        else:
            failing = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), channel.resend_s)
