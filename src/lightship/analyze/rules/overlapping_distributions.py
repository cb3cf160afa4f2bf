"""Two distributions of one library.

What it does
============
Finds Python distributions that are builds of the same thing and install the same modules: OpenCV with and without
windows, ``psycopg2`` beside ``psycopg2-binary``, TensorFlow for two kinds of machine, and others. The bytes are those
that only the one to leave out owns.

Why
===
Whichever was installed last has overwritten the other's modules, and the rest of both is shipped. What is imported
depends on the order of an installer, which promises none. A removal of one breaks the other.

Bad
===
::

    opencv-python==4.10.0.84
    opencv-python-headless==4.10.0.84

Good
====
::

    opencv-python-headless==4.10.0.84

References
==========
opencv-python's README, "Installation and Usage": only one of its packages; psycopg.org, "psycopg vs psycopg-binary".
"""

from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import listed, shown, tell
from lightship.findings import Finding

__all__ = ["FAMILIES", "RULE"]

FAMILIES: tuple[tuple[str, ...], ...] = (
    ("opencv-contrib-python-headless", "opencv-python-headless", "opencv-contrib-python", "opencv-python"),
    ("psycopg2", "psycopg2-binary"),
    ("psycopg-c", "psycopg-binary"),
    ("tensorflow-cpu", "tensorflow", "tensorflow-gpu", "intel-tensorflow", "tf-nightly", "tf-nightly-cpu"),
    ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml", "ort-nightly"),
    ("faiss-cpu", "faiss-gpu", "faiss-gpu-cu12", "faiss-gpu-cu11"),
    ("cupy-cuda12x", "cupy-cuda11x", "cupy"),
    ("paddlepaddle", "paddlepaddle-gpu"),
    ("xgboost-cpu", "xgboost"),
    ("pymupdf", "fitz"),
    ("pillow-simd", "pillow"),
    ("pycryptodome", "pycrypto"),
    ("pyjwt", "jwt"),
    ("pdfminer-six", "pdfminer"),
    ("websocket-client", "websocket"),
    ("python-dotenv", "dotenv"),
    ("python-docx", "docx"),
    ("python-magic", "file-magic", "python-magic-bin"),
    ("pyserial", "serial"),
    ("python-slugify", "slugify", "unicode-slugify"),
    ("python-multipart", "multipart"),
)
"""Builds that install the same modules, the one to keep first."""


def _find(survey: Survey) -> Iterator[Finding]:
    for family in FAMILIES:
        there = [name for name in family if name in survey.distributions]
        if len(there) < 2:
            continue
        keep, drop = there[0], there[1:]
        numbers = {number for name in drop for number in survey.distributions[name]}
        others = {number for number in range(len(survey.analysis.packages)) if number not in numbers}
        yield from tell(
            RULE,
            survey,
            _only_theirs(survey, numbers, others),
            f"{listed(drop)}, which installs the same modules as {shown(keep)},",
            _fix(survey, keep, drop, numbers),
            severity="warning",
            most=1,
        )


def _only_theirs(survey: Survey, numbers: set[int], others: set[int]) -> list[str]:
    contested, rows, source = survey.analysis.contested, survey.analysis.tree.rows, survey.analysis.tree.source
    owned = survey.owned(sorted(numbers))
    return [path for path in owned if others.isdisjoint(contested.get(source(rows[path]), ()))]


def _fix(survey: Survey, keep: str, drop: list[str], numbers: set[int]) -> str:
    packages = survey.analysis.packages
    by = sorted({packages[asking].name for number in numbers for asking in packages[number].required_by})
    if by:
        return (
            f"keep {keep} alone; {listed(by)} asks for {listed(drop)}: replace it with uv's override-dependencies "
            f"({drop[0]} ; python_version < '0')"
        )
    return f"keep {keep} alone: take {listed(drop)} out of the requirements, and install into an empty environment"


RULE = Rule(
    code="overlapping-distributions",
    severity="warning",
    safety="closure",
    title="two distributions of one library",
    find=_find,
    doc=__doc__,
)
