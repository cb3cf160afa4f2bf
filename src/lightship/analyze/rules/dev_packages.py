"""Development packages.

What it does
============
Finds packages of the distribution that hold headers, link-time files or debug symbols (``-dev``, ``-devel``,
``linux-headers``, ``-dbgsym``), where no other package requires them.

Why
===
Only a compiler reads what they hold. What runs needs the library's own package: ``libpq5``, not ``libpq-dev``.

Bad
===
::

    RUN apt-get install -y libpq-dev

Good
====
In the build stage ``libpq-dev``, in the final one::

    RUN apt-get install -y --no-install-recommends libpq5

References
==========
Debian Policy 4.7, 8.4, "Development files".
"""

from collections.abc import Iterator

from lightship.analyze.rules.os_packages import build_packages, is_development
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import package_names, tell
from lightship.findings import Finding

__all__ = ["RULE"]


def _find(survey: Survey) -> Iterator[Finding]:
    packages = survey.analysis.packages
    numbers = sorted(number for number in build_packages(survey) if is_development(packages[number].name))
    yield from tell(
        RULE,
        survey,
        survey.owned(numbers),
        lambda group: f"development packages ({package_names(survey, group.paths)})",
        "install them in a build stage, and in the final one the run-time libraries alone (libpq5 for libpq-dev)",
    )


RULE = Rule(
    code="dev-packages",
    severity="warning",
    safety="closure",
    title="development packages",
    find=_find,
    doc=__doc__,
)
