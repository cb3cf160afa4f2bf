"""Directories that front ends are built into, one framework a module: which it is, and where its prefix stands."""
