"""Incidents: a proposed grade that a person confirms, and the clocks of the law (domain.md §9)."""
