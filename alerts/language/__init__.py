"""The language that rules are written in: files, their mistakes, and timelines to test them."""
