"""What replacing the prefix does not reach, and what a CDN has to do for it: one rule a file."""
