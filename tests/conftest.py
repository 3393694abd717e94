"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("busy", deadline=None)  # how long an example takes is the machine's doing
settings.load_profile("busy")
