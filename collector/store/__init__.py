"""The time-series store behind one small contract (`base.py`)."""
