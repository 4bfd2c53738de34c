"""The two questions of ONVIF's device service that a status needs, and what their answers say.

No other service is known here: profiles, streams and snapshots are never asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from agent.devices.soap import NotSoap, texts_of

DEVICE: Final = "http://www.onvif.org/ver10/device/wsdl"
GET_TIME: Final = f'<GetSystemDateAndTime xmlns="{DEVICE}"/>'
GET_INFORMATION: Final = f'<GetDeviceInformation xmlns="{DEVICE}"/>'

_BODY: Final = "Envelope/Body"
_UTC: Final = f"{_BODY}/GetSystemDateAndTimeResponse/SystemDateAndTime/UTCDateTime"
_INFORMATION: Final = f"{_BODY}/GetDeviceInformationResponse"
_DENIED: Final = ("notauthorized", "failedauthentication", "invalidsecurity", "unauthorized")


@dataclass(frozen=True, slots=True)
class Told:
    """One answer: texts by their path, and whether it is a fault of who we are, or any fault."""

    texts: Mapping[str, str]
    denied: bool = False
    fault: bool = False

    @property
    def time(self) -> str:
        """Return the device's time as `2026-11-22T08:00:00Z`, "" where it says none that can be."""
        names = ("Date/Year", "Date/Month", "Date/Day", "Time/Hour", "Time/Minute", "Time/Second")
        texts = [self.texts.get(f"{_UTC}/{name}", "") for name in names]
        if not all(text.isascii() and text.isdigit() and len(text) < 5 for text in texts):
            return ""
        year, month, day, hour, minute, second = map(int, texts)
        try:
            at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        except ValueError:
            return ""
        return f"{at:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def answered_time(self) -> bool:
        """Return whether it is an answer to GET_TIME."""
        return f"{_BODY}/GetSystemDateAndTimeResponse" in self.texts

    @property
    def information(self) -> dict[str, str] | None:
        """Return `model` and `firmware`, None where it is no answer to GET_INFORMATION."""
        if _INFORMATION not in self.texts:
            return None
        said = {
            name: "".join(
                c for c in self.texts.get(f"{_INFORMATION}/{name}", "") if c.isprintable()
            )
            for name in ("Manufacturer", "Model", "FirmwareVersion")
        }
        model = " ".join(filter(None, (said["Manufacturer"], said["Model"])))
        fields = {"model": model, "firmware": said["FirmwareVersion"]}
        return {name: text for name, text in fields.items() if text}


def told(body: bytes) -> Told:
    """Return what *body* says; raises NotSoap."""
    texts = texts_of(body)
    fault = f"{_BODY}/Fault" in texts
    words = " ".join(text for path, text in texts.items() if path.startswith(f"{_BODY}/Fault"))
    plain = words.lower().replace(" ", "")
    return Told(texts, fault and any(word in plain for word in _DENIED), fault)


__all__ = ["GET_INFORMATION", "GET_TIME", "NotSoap", "Told", "told"]
