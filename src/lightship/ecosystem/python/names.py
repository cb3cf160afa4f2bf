"""Names as they are compared: PEP 503 for projects, PEP 685 for extras, PEP 735 for groups; all the same rule."""

import re

__all__ = ["normal_name"]

_SEPARATORS = re.compile(r"[-_.]+")


def normal_name(name: str) -> str:
    """``Flask_SQLAlchemy`` is ``flask-sqlalchemy``."""
    return _SEPARATORS.sub("-", name).lower()
