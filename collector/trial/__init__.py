"""`schoolwatch up`: broker, collector and one agent on one machine, kept running by one parent."""
