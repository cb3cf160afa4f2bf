"""lightship: small, quick, proven container images of Python applications."""

__version__ = "0.1.0"
