"""The report of ``lightship assets image`` as text."""

import shlex
from typing import Any, cast

from lightship.findings import Report
from lightship.report.text import render_findings, render_table
from lightship.units import format_bytes, format_seconds

__all__ = ["render_assets_image"]

_MOST_NOTES = 5


def render_assets_image(report: Report, *, verbose: bool = False) -> str:
    """The image, its layers, the three weights of its web root, how it is started, findings; with ``verbose`` digests
    and where it was written."""
    found = cast("dict[str, Any]", report.document)
    server = found["server"]
    lines = [f"{found['reference'] or 'image'}  {found['digest']}"]
    images = found.get("platforms") or [found]
    for image in images:
        sizes = (
            f"{format_bytes(image['compressed_bytes'])} compressed, {format_bytes(image['unpacked_bytes'])} unpacked"
        )
        lines.append(f"{sizes}, {image['files']:,} files, {image['platform']}, {_server(server)}")
    for image in images:
        lines += ["", *_layers(image["layers"])]
        if verbose:
            lines += [f"{layer['digest']}  {layer['name']}" for layer in image["layers"]]
    if found["web"] is not None:
        lines += ["", *_web(found["web"])]
    lines += [
        "",
        f"as {server['user']}: {shlex.join(server['entrypoint'])}, port {server['port']}; the root may be read-only",
    ]
    if server["writable"]:
        lines.append(
            f"writes to {', '.join(server['writable'])}: a tmpfs or a volume there, where the root is read-only"
        )
    times = (f"{phase} {format_seconds(float(value))}" for phase, value in found["seconds"].items())
    lines += ["", "  ".join(times)]
    if verbose:
        output = found["output"]
        lines += [f"written to {each}" for each in ([output] if isinstance(output, str) else output)]
        lines += [f"every file and why: {image['kept_because']}" for image in images if image["kept_because"]]
    if report.findings:
        lines += ["", *render_findings(report.findings, most_notes=None if verbose else _MOST_NOTES)]
    return "\n".join(line.replace("\n", "\\n") for line in lines) + "\n"


def _server(server: dict[str, Any]) -> str:
    name = "nginx" if server["kind"] == "nginx" else "Node.js"
    return f"{name} {server['version']}" + (" of a wheel" if server["source"] == "wheel" else "")


def _layers(layers: list[dict[str, Any]]) -> list[str]:
    rows = [
        (
            layer["name"],
            format_bytes(layer["compressed_bytes"]),
            format_bytes(layer["unpacked_bytes"]),
            f"{layer['files']:,}",
            "cached" if layer["cached"] else "",
        )
        for layer in layers
    ]
    return render_table(("layer", "compressed", "unpacked", "files", ""), rows)


def _web(web: dict[str, Any]) -> list[str]:
    """What the web root weighs, and what it would weigh in its two other forms."""
    plain, gzip_only = web["plain_layer_bytes"], web["gzip_only_layer_bytes"]
    own = f"{format_bytes(web['plain_bytes'])} of plain files, {format_bytes(web['sidecar_bytes'])} of sidecars"
    lines = [f"web root: {web['files']:,} files, {own}"]
    weights = [("as it is", web["layer_bytes"])]
    if plain is not None:
        weights.append(("plain files alone", plain))
    if gzip_only is not None and web["mode"] != "gzip-only":
        weights.append((".gz alone", gzip_only))
    lines.append("its layer: " + ", ".join(f"{format_bytes(size)} {name}" for name, size in weights))
    if gzip_only is not None and web["mode"] == "sidecar" and web["layer_bytes"] > gzip_only:
        saved = format_bytes(web["layer_bytes"] - gzip_only)
        lines.append(
            f"--mode gzip-only would save {saved} of every pull, and sends the same bytes to clients with gzip"
        )
    return lines
