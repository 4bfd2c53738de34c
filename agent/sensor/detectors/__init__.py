"""One module for each thing that the sensor can recognise, named by its word in `[sensor]`."""

from agent.sensor.detectors.base import Detector, Machine, detectors

__all__ = ["Detector", "Machine", "detectors"]
