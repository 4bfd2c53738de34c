"""Hourly and daily rollups of what the store has raw (docs/rollups.md)."""
