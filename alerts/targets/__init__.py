"""The district against its targets (docs/targets.md): pure functions, nothing but numbers in."""
