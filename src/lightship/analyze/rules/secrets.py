"""Secrets and private keys.

What it does
============
Finds private keys (PEM, OpenSSH, PGP), credentials of package indexes, registries and clouds (``.netrc``, ``.pypirc``,
``.npmrc``, ``.git-credentials``, ``.docker/config.json``, ``.aws/credentials``, ``pip.conf``, service accounts,
``.env``) in every layer, in those that a higher layer deleted as well, and in the image's variables and history. What
is secret is never shown or kept. A key that a package brings was published with it and is a note.

Why
===
Whoever can pull an image can read all of its layers, its variables and the history of its build.

Bad
===
::

    COPY id_rsa /root/.ssh/id_rsa
    RUN pip install -r requirements.txt && rm /root/.ssh/id_rsa
    ENV AWS_SECRET_ACCESS_KEY=...

Good
====
::

    RUN --mount=type=secret,id=netrc,target=/root/.netrc pip install -r requirements.txt

References
==========
docs.docker.com, "Build secrets" (2026); RFC 7468, "Textual Encodings of PKIX, PKCS, and CMS Structures".
"""

from collections.abc import Iterator

from lightship.analyze.hidden import where_from
from lightship.analyze.model import NOBODY
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.secret_words import WANTED, kind_of_secret
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import shared_directory, shown
from lightship.findings import Cause, Finding
from lightship.oci.secrets import secret_in_step, secret_in_variable

__all__ = ["RULE"]

_MOST_TOLD = 50
_MOUNT = "give it to the build alone: RUN --mount=type=secret; take it for known, and replace it where it is used"
_AT_START = "give it to the container when it starts; take it for known, and replace it where it is used"


def _find(survey: Survey) -> Iterator[Finding]:
    yield from _in_files(survey)
    yield from _in_variables(survey)
    yield from _in_history(survey)


def _in_files(survey: Survey) -> Iterator[Finding]:
    analysis, entries = survey.analysis, survey.analysis.entries
    told = 0
    published: dict[int, list[str]] = {}
    gone: dict[int, int] | None = None
    for row, kept in sorted(analysis.kept.items()):
        path = entries.paths[row]
        what = kind_of_secret(path, kept)
        if what is None:
            continue
        owner = analysis.owners[row]
        if owner != NOBODY:
            published.setdefault(owner, []).append(path)
            continue
        if told == _MOST_TOLD:
            yield RULE.finding("more files with secrets are not told of one by one", fix=_MOUNT)
            return
        told += 1
        where = where_from(analysis, entries.layers[row])
        if gone is None:
            gone = {shadow.row: shadow.by for shadow in analysis.tree.shadows()}
        if row in gone:
            after = f"{where}, and in that layer still, though {where_from(analysis, gone[row])} hides it"
        else:
            after = where
        finding = RULE.finding(
            f"{what} in {after}",
            location=f"/{path}",
            fix=_MOUNT,
            cause=analysis.cause(entries.layers[row]),
        )
        yield survey.about(finding, [row])
    for owner, paths in sorted(published.items()):
        finding = RULE.finding(
            f"{len(paths)} {'file' if len(paths) == 1 else 'files'} with a secret that everybody has: published with "
            f"{shown(analysis.packages[owner].name)}",
            severity="note",
            location=shared_directory(paths),
            fix="see to it that nothing trusts them; where the package is not public, take them for known",
        )
        yield survey.about_paths(finding, [path for path in paths if survey.exists(path)])


def _in_variables(survey: Survey) -> Iterator[Finding]:
    for name, value in survey.environment.items():
        if (what := secret_in_variable(name, value)) is not None:
            yield RULE.finding(f"{what} in the variable {shown(name)} of the image", location="config", fix=_AT_START)


def _in_history(survey: Survey) -> Iterator[Finding]:
    layer = 0
    layers = survey.analysis.layers
    for step in survey.analysis.config.history:
        what = secret_in_step(step.created_by)
        if what is not None:
            place = None if step.empty_layer or layer >= len(layers) else layer
            where = f"layer {place + 1}'s step" if place is not None else "a step"
            yield RULE.finding(
                f"{what} in the history, in {where}",
                location="history",
                fix=_MOUNT,
                cause=None if place is None else Cause(layer=place, digest=layers[place].digest, instruction=""),
            )
        layer += not step.empty_layer


RULE = Rule(
    code="secrets",
    severity="error",
    safety=None,
    title="secrets and private keys",
    find=_find,
    doc=__doc__,
    wanted=WANTED,
)
