"""Devices that the agent asks: of classrooms, and of the school's network."""
