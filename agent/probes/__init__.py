"""One module for each word that an operator can write in `[probes]`: docs/adding-a-probe.md."""

from agent.probes.base import COLLABORATOR, INTERVAL_S, Probe, interval_of, probes

__all__ = ["COLLABORATOR", "INTERVAL_S", "Probe", "interval_of", "probes"]
