"""Problems as a code quality report of GitLab (docs.gitlab.com, "Code Quality", "Import Code Quality results from a
CI/CD job", read 2026-11): an array of what each problem is, a fingerprint, a severity and a place."""

import json
from collections.abc import Iterable

from lightship.report.problems import Problem

__all__ = ["render_gitlab"]

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def render_gitlab(problems: Iterable[Problem], *, file: str) -> str:
    """What counts; ``file`` is where problems of the image itself are shown, since every one needs a project's file."""
    rows = [
        {
            "description": problem.sentences.partition("\n")[0],
            "check_name": problem.finding.code,
            "fingerprint": problem.fingerprint,
            "severity": "blocker" if not problem.is_in_image else _SEVERITIES[problem.finding.severity],
            "location": {"path": (problem.file or file).removeprefix("./"), "lines": {"begin": problem.line or 1}},
        }
        for problem in problems
        if not problem.suppressed
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
