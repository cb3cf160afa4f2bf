"""The label of an image that names what must be writable when it runs: absolute paths with commas between them."""

__all__ = ["WRITABLE_LABEL"]

WRITABLE_LABEL = "dev.lightship.writable"
