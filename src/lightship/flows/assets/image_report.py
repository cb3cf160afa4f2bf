"""The report of ``lightship assets image``: that of a build, with the server instead of a Python, and the web root."""

from dataclasses import asdict
from typing import Any, cast

from lightship.findings import Report
from lightship.flows.assets.image import AssetsImageOutcome
from lightship.flows.outcome import IndexOutcome, build_report, index_report

__all__ = ["ASSETS_IMAGE_SCHEMA", "assets_image_report"]

ASSETS_IMAGE_SCHEMA = "lightship/assets-image/1"


def assets_image_report(outcome: AssetsImageOutcome) -> Report:
    """The outcome as the JSON that ``--format json`` prints."""
    built = outcome.build
    report = index_report(built) if isinstance(built, IndexOutcome) else build_report(built)
    document = {name: value for name, value in report.document.items() if name not in ("python", "verified")}
    if isinstance(built, IndexOutcome):
        rows = cast("list[dict[str, Any]]", document["platforms"])
        document["platforms"] = [{name: value for name, value in row.items() if name != "python"} for row in rows]
    server = asdict(outcome.server)
    document |= {
        "schema": ASSETS_IMAGE_SCHEMA,
        "server": {**server, "entrypoint": list(server["entrypoint"]), "writable": list(server["writable"])},
        "web": asdict(outcome.web) if outcome.web is not None else None,
    }
    return Report(schema=ASSETS_IMAGE_SCHEMA, document=document, findings=report.findings, measures=report.measures)
