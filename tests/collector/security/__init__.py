"""What the collector makes of security events."""
