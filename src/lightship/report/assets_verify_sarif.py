"""The findings of ``lightship assets verify`` as SARIF 2.1.0: at an address, or at a file of the directory."""

from urllib.parse import unquote

from lightship.findings import Finding, Report
from lightship.report.problems import Problem, distinct
from lightship.report.sarif import render_sarif

__all__ = ["render_assets_verify_sarif"]


def render_assets_verify_sarif(report: Report, *, version: str, directory: str = "") -> str:
    """One run. ``directory`` is the one that was read, as the user calls it. What nginx answered on loopback is shown
    at the file that it is of."""
    target = str(report.document["target"])
    root = str(report.document["root"]) if report.document["mode"] == "nginx" else ""
    problems = [
        Problem(
            finding=finding,
            identity=f"{finding.code}\0{finding.location}",
            is_in_image=False,
            file=_place(finding, root, directory) or directory or target,
        )
        for finding in report.findings
    ]
    return render_sarif(distinct(problems), version=version, successful=True, file=directory or target)


def _place(finding: Finding, root: str, directory: str) -> str:
    """The address, or the path below ``directory``."""
    location = finding.location
    if root and location.startswith(root):
        location = unquote(location.removeprefix(root).partition("?")[0], errors="surrogateescape")
        location += "index.html" if location.endswith("/") or not location else ""
    if not location or "://" in location or not directory:
        return location
    return f"{directory.rstrip('/')}/{location}"
