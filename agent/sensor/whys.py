"""Why the sensor hears nothing, in words, and what to do about it."""

from typing import Final

GIVE: Final = (
    "under systemd copy configs/deploy/systemd/schoolwatch-agent.service.d to "
    "/etc/systemd/system, then systemctl daemon-reload and restart the agent "
    "(docs/sensor-live.md, Rights); without it the agent measures all the same, and sees no attack"
)
WHY: Final = {
    "gone": ("there is no such interface", "write [sensor] interfaces as `ip link` names them"),
    "down": ("the interface is switched off", "switch it on: ip link set {} up"),
    "not_ethernet": (
        "it is no Ethernet or Wi-Fi interface (a tunnel say)",
        "name the interface that the tunnel goes through",
    ),
    "refused": ("the system does not let it listen there", GIVE),
}
