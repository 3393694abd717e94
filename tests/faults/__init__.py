"""Faults of the system around a command: full disks, closed pipes, kills, files that are not what they seem."""
