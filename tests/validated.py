"""What closes every test that makes an image: its bytes are all that they claim to be."""

from lightship.image.protocol import Image
from lightship.image.validate import validate

__all__ = ["assert_valid"]


def assert_valid(image: Image) -> None:
    """Fail with every fault that `validate` finds."""
    faults = validate(image)
    assert not faults, "\n".join(f"{fault.location}: {fault.message}" for fault in faults)
