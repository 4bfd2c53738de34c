"""Rooms: whether the next lesson can be held in each, and why not."""
