"""Packages that have only sources, and the project itself, built into wheels in a sandbox."""
