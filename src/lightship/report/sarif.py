"""Problems as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html, 2020-03-27).

A problem of the configuration is at its line of that file; one of the image at its path below the base ``IMAGE``, which
says that it is none of the project's files. Fingerprints do not depend on the order or the number of results.
"""

import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from lightship.report.problems import Problem

__all__ = ["render_sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render_sarif(
    problems: Iterable[Problem], *, version: str, successful: bool, image: str = "", file: str = "lightship.toml"
) -> str:
    """One run. ``successful`` says that the work itself was done, whatever it found; ``image`` is the reference, and
    ``file`` where problems are shown that are neither in the image nor in a known file."""
    told = tuple(problems)
    rules = _rules(told)
    places = {str(rule["id"]): place for place, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "lightship", "version": version, "rules": rules}},
        "invocations": [{"executionSuccessful": successful}],
        "originalUriBaseIds": {"IMAGE": {"description": {"text": f"The root of the image {image}".strip() + "."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, places, file) for problem in told],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rules(problems: Iterable[Problem]) -> list[dict[str, object]]:
    titles = {problem.finding.code: problem.finding.title or problem.finding.code for problem in problems}
    return [{"id": code, "shortDescription": {"text": title}} for code, title in sorted(titles.items())]


def _result(problem: Problem, rules: Mapping[str, int], file: str) -> dict[str, object]:
    finding = problem.finding
    found: dict[str, object] = {
        "ruleId": finding.code,
        "ruleIndex": rules[finding.code],
        "level": finding.severity,
        "message": {"text": problem.sentences},
        "locations": [_location(problem, file)],
        "partialFingerprints": {"lightship/v1": problem.fingerprint},
    }
    sizes = {"unpackedBytes": finding.unpacked_bytes, "compressedBytes": finding.compressed_bytes}
    properties = {name: size for name, size in sizes.items() if size is not None}
    if properties:
        found["properties"] = properties
    if problem.suppressed:
        found["suppressions"] = [{"kind": "external", "justification": problem.suppressed}]
    return found


def _location(problem: Problem, file: str) -> dict[str, object]:
    if problem.is_in_image:
        path = problem.finding.location.lstrip("/") or "."
        return {"physicalLocation": {"artifactLocation": {"uri": _uri(path), "uriBaseId": "IMAGE"}}}
    place: dict[str, object] = {"artifactLocation": {"uri": _uri(problem.file or file)}}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line}
    return {"physicalLocation": place}


def _uri(path: str) -> str:
    """``path`` as a relative reference (RFC 3986, 4.2), whose first segment holds no colon; an absolute one as a
    file's; an address as it is."""
    if path.startswith(("http://", "https://")):
        return quote(path.encode("utf-8", "surrogateescape"), safe="/@!$&'()*+,;=~-._:?#[]%")
    quoted = quote(path.encode("utf-8", "surrogateescape"), safe="/@!$&'()*+,;=~-._")
    return f"file://{quoted}" if quoted.startswith("/") else quoted
