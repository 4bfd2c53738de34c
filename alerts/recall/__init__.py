"""What rules remember: what a value was, how often it changed, what is usual at this hour."""
