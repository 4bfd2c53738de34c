"""Capture files and streams: which format they are, and their frames one after another.

Own readers and not those of a library: what is at hand stops without a word where a file is cut
off, and a capture that somebody hands in as proof must not be half read in silence.
"""

from agent.sensor.captures.base import Capture, Captured, CaptureError
from agent.sensor.captures.opening import opened

__all__ = ["Capture", "CaptureError", "Captured", "opened"]
