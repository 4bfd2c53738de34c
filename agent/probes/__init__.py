"""One module for each word that an operator can write in `[probes]`: docs/adding-a-probe.md."""

from agent.probes.base import COLLABORATOR, Probe, probes

__all__ = ["COLLABORATOR", "Probe", "probes"]
