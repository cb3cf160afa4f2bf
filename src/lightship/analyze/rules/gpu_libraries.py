"""Libraries of CUDA without anything that uses them.

What it does
============
Finds the ``nvidia-*`` wheels, packages of CUDA and ``/usr/local/cuda`` in an image with Python in which no framework is
installed that could load them.

Why
===
They are 2 to 5 GB, often left over from a framework that was replaced by a build for the processor, or brought by a
base that was copied from another project.

Bad
===
::

    FROM nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04
    RUN pip install fastapi

Good
====
::

    FROM python:3.12-slim
    RUN pip install fastapi

References
==========
docs.nvidia.com, "CUDA Installation Guide", "Pip Wheels" (12.x).
"""

import re
from collections.abc import Iterator

from lightship.analyze.rules.gpu import cuda_distributions, frameworks
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell
from lightship.findings import Finding

__all__ = ["RULE"]

_SYSTEM = re.compile(
    r"cuda-.+|lib(?:cublas|cudnn|cufft|curand|cusolver|cusparse|cusparselt|nccl|nvinfer|npp|nvjpeg|nvjitlink|cufile)"
    r"[a-z]*[0-9]*(?:-.+)?|nsight-.+"
)


def _find(survey: Survey) -> Iterator[Finding]:
    if not survey.distributions or frameworks(survey):
        return
    numbers = cuda_distributions(survey)
    numbers |= {n for n, package in survey.packages("deb", "rpm", "conda") if _SYSTEM.fullmatch(package.name)}
    paths = survey.owned(sorted(numbers))
    for directory in survey.analysis.tree.children.get("usr/local", ()):
        if re.fullmatch(r"usr/local/cuda(?:-[0-9.]+)?", directory):
            paths += survey.below(directory)
    fix = "leave the nvidia-* packages out of the requirements, and begin FROM an image without CUDA"
    yield from tell(RULE, survey, paths, "CUDA, which no framework here uses,", fix)


RULE = Rule(
    code="gpu-libraries",
    severity="warning",
    safety="closure",
    title="libraries of CUDA that nothing uses",
    find=_find,
    doc=__doc__,
)
