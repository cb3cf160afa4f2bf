"""What Python distributions require with an extra as well, from the metadata that was kept."""

import re

from lightship.analyze.rules.survey import Survey
from lightship.ecosystem.python.names import normal_name

__all__ = ["asked_with_extras"]

_LINE = re.compile(rb"^requires-dist:[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)", re.IGNORECASE | re.MULTILINE)


def asked_with_extras(survey: Survey, number: int) -> frozenset[str]:
    """Names that the distribution with this number requires, with any of its extras or without one."""
    headers = survey.kept(survey.analysis.packages[number].location) or b""
    return frozenset(normal_name(name.decode()) for name in _LINE.findall(headers))
