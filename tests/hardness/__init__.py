"""Hostile input: its size, what it would have the outputs do, and the limits that it meets."""
