"""What attacks a school's network, seen from inside it: a process of its own beside the agent.

    frame ─▶ facts ─▶ detectors ─▶ incidents ─▶ one line of JSON for what begins, changes or ends

A capture file and a live interface take the same way. No frame is written anywhere, and no fact
holds what people say to each other: see docs/sensor.md.
"""
