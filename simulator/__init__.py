"""Plays schools for benchmarks and tests; may use every package, and none uses it."""
