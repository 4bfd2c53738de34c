"""The process that watches the collector, and tells people by itself when it does not work."""
