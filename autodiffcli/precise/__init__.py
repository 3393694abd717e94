"""Proven digits: the same declarations and the same chain rule, evaluated in balls of rising precision."""
