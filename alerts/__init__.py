"""Rules, targets, and telling people; begins with the issue about the live picture."""
