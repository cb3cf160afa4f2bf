"""The base's lock by name, for those who need no more of it than that."""

__all__ = ["LOCK_NAME"]

LOCK_NAME = "lightship-base.lock"
