"""Checks of a served site and of a directory, one a file. Codes of findings are never reused."""
