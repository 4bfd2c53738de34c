"""Clients that ask a server one thing, time it, and say in one word what came of it."""
