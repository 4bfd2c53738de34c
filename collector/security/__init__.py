"""What the collector makes of security events: who may see what, sensors, spreading, series."""
