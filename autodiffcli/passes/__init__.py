"""Passes: from a graph to a better one."""
