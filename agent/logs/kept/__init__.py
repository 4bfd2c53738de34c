"""The rows of a device's log as they came, kept at the school: a file a day, sealed at its end."""
