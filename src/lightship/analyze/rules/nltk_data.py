"""NLTK's data beyond need.

What it does
============
Finds, in directories called ``nltk_data``: archives beside what was unpacked from them, pickled models beside the
tables that replaced them (``punkt`` beside ``punkt_tab``), and all of it where no NLTK is installed.

Why
===
``nltk.download`` keeps the archive; ``nltk`` reads either. Since 3.9 it reads no pickles any more.

Bad
===
::

    RUN python -m nltk.downloader punkt punkt_tab

Good
====
::

    RUN python -m nltk.downloader punkt_tab && find /usr/local/share/nltk_data -name '*.zip' -delete

References
==========
nltk.org, "Installing NLTK Data"; nltk 3.9, ChangeLog: pickled models replaced.
"""

from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell
from lightship.analyze.rules.unpacked_archives import beside_their_content
from lightship.findings import Finding

__all__ = ["RULE"]

_DIRECTORY = "nltk_data"
_REPLACED = {
    "tokenizers/punkt": "tokenizers/punkt_tab",
    "taggers/averaged_perceptron_tagger": "taggers/averaged_perceptron_tagger_eng",
    "taggers/averaged_perceptron_tagger_ru": "taggers/averaged_perceptron_tagger_rus",
    "chunkers/maxent_ne_chunker": "chunkers/maxent_ne_chunker_tab",
    "taggers/maxent_treebank_pos_tagger": "taggers/maxent_treebank_pos_tagger_tab",
    "help/tagsets": "help/tagsets_json",
}


def _find(survey: Survey) -> Iterator[Finding]:
    places = survey.directories(_DIRECTORY)
    if places and survey.distributions and "nltk" not in survey.distributions:
        everything = [path for place in places for path in survey.below(place)]
        yield from tell(
            RULE, survey, everything, "NLTK's data, without an NLTK that reads it,", "leave its download out"
        )
        return
    old: list[str] = []
    for place in places:
        for name, by in _REPLACED.items():
            if survey.exists(f"{place}/{by}") or survey.exists(f"{place}/{by}.zip"):
                old += [*survey.below(f"{place}/{name}"), f"{place}/{name}.zip"]
    yield from tell(
        RULE, survey, old, "NLTK's pickled models, which their tables replace,", "download the *_tab names alone"
    )
    archives = [path for path in beside_their_content(survey) if any(path.startswith(f"{place}/") for place in places)]
    fix = "end the RUN that downloads them with: && find … -path '*nltk_data*' -name '*.zip' -delete"
    yield from tell(RULE, survey, archives, "NLTK's archives, beside what was unpacked from them,", fix)


RULE = Rule(
    code="nltk-data",
    severity="warning",
    safety="closure",
    title="NLTK's data beyond need",
    find=_find,
    doc=__doc__,
    suffixes=frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".7z"}),
    directories=frozenset({_DIRECTORY}),
)
