"""Rules, and telling people: from what is known to few messages that help."""
