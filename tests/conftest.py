"""Property-based tests repeat: the same examples each time, and no verdict by the speed of the machine."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
