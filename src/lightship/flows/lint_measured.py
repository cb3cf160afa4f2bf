"""What the lines of a Dockerfile cost in an image that was built from it: its layers, matched to the lines by the
image's own history, and its packages."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lightship.analyze.model import Analysis, LayerFacts, Package
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import expand_at
from lightship.dockerfile.stages import Stage, Stages
from lightship.errors import InputError
from lightship.lint.subject import Cost, Costs, Part

__all__ = ["MeasuredCosts", "check_built_from", "match_layers"]

_MAKES_LAYERS = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
_LEAST_LIKENESS = 0.4
_MOST_CHARACTERS = 2_000
_MOST_LINES = 500
"""More than an image can have layers."""
_HOW = "measured in {}"


@dataclass(frozen=True, slots=True)
class MeasuredCosts:
    """Costs of lines whose layers ship are measured; of all others ``estimated`` tells."""

    analysis: Analysis
    layers: Mapping[int, tuple[LayerFacts, ...]]
    estimated: Costs

    @classmethod
    def of_image(cls, analysis: Analysis, stages: Stages, estimated: Costs) -> "MeasuredCosts":
        """``analysis`` is of an image built from ``stages``, or from what these were before an edit."""
        return cls(analysis, match_layers(stages, analysis.layers), estimated)

    def of(self, instruction: Instruction) -> Cost:
        """Of a FROM: the layers under the first line of the file that ships."""
        layers = self.layers.get(instruction.span.start)
        if layers is None:
            return self.estimated.of(instruction)
        compressed = sum(each.compressed_bytes for each in layers) if self._is_compressed else None
        return self._cost(sum(each.unpacked_bytes for each in layers), compressed)

    def of_packages(self, stage: Stage, names: tuple[str, ...]) -> Cost:
        """The packages and those that nothing else needs, bytes of the files they own."""
        gone = _with_dependencies(self.analysis.packages, names)
        if not gone:
            return self.estimated.of_packages(stage, names)
        compressed = sum(each.compressed_bytes for each in gone) if self._is_compressed else None
        return self._cost(sum(each.unpacked_bytes for each in gone), compressed)

    def of_part(self, run: Instruction, part: Part) -> Cost:
        """Layers do not tell these apart."""
        return self.estimated.of_part(run, part)

    def of_context(self, paths: tuple[str, ...]) -> Cost:
        return self.estimated.of_context(paths)

    def of_base(self, name: str) -> Cost:
        return self.estimated.of_base(name)

    @property
    def _is_compressed(self) -> bool:
        """False for a docker-archive of plain tars: nothing is known of what would travel."""
        return any(each.compression != "none" for each in self.analysis.layers)

    def _cost(self, unpacked_bytes: int, compressed_bytes: int | None) -> Cost:
        return Cost(
            unpacked_bytes=unpacked_bytes,
            compressed_bytes=compressed_bytes,
            measured=True,
            how=_HOW.format(self.analysis.reference),
        )


def check_built_from(stages: Stages, analysis: Analysis) -> None:
    """Raise InputError where no line of ``stages`` made a layer of the image, though some should have."""
    lines = any(each.keyword in _MAKES_LAYERS for stage in stages.shipped for each in stage.instructions)
    if lines and len(match_layers(stages, analysis.layers)) == 1:
        raise InputError(
            f"{analysis.reference} was not built from this file: no layer was made by a line of it",
            hint="leave --image out, and bytes are estimated",
        )


def match_layers(stages: Stages, layers: Sequence[LayerFacts]) -> dict[int, tuple[LayerFacts, ...]]:
    """The layers of each instruction of the shipped stages, by its place; what lies under the first of them belongs to
    the first FROM. Lines without a layer of their own (a WORKDIR that was there) have none.

    Both are in the image's order, so the best matching that keeps it is looked for, by the likeness of the texts.
    """
    lines = [each for stage in stages.shipped for each in stage.instructions if each.keyword in _MAKES_LAYERS]
    lines = lines[:_MOST_LINES]
    layers = layers[:_MOST_LINES]
    texts = [_Text.of(each.keyword, _as_built(stages, each)) for each in lines]
    steps = [_Text.of(*each.instruction.partition(" ")[::2]) for each in layers]
    pairs = _aligned([[_likeness(text, step) for step in steps] for text in texts], len(layers))
    first = min((layer for _, layer in pairs), default=len(layers))
    found: dict[int, tuple[LayerFacts, ...]] = {lines[line].span.start: (layers[layer],) for line, layer in pairs}
    found[stages.shipped[0].start.span.start] = tuple(layers[:first])
    return found


def _aligned(likenesses: Sequence[Sequence[float]], layers: int) -> list[tuple[int, int]]:
    """Pairs of a line and a layer in rising order whose ``likenesses`` add up to most (Needleman and Wunsch, 1970,
    without penalties)."""
    best = [[0.0] * (layers + 1) for _ in range(len(likenesses) + 1)]
    for line in range(len(likenesses) - 1, -1, -1):
        for layer in range(layers - 1, -1, -1):
            score = likenesses[line][layer]
            paired = best[line + 1][layer + 1] + score if score >= _LEAST_LIKENESS else -1.0
            best[line][layer] = max(paired, best[line + 1][layer], best[line][layer + 1])
    pairs, line, layer = [], 0, 0
    while line < len(likenesses) and layer < layers:
        if best[line][layer] == best[line + 1][layer]:
            line += 1
        elif best[line][layer] == best[line][layer + 1]:
            layer += 1
        else:
            pairs.append((line, layer))
            line, layer = line + 1, layer + 1
    return pairs


def _as_built(stages: Stages, line: Instruction) -> str:
    """The line's text as a history has it: variables put in, but for those that only a shell knows."""
    text = " ".join(line.argument.text.split())
    expanded = expand_at(stages, line, text) if line.keyword != "RUN" else None
    return expanded or text


@dataclass(frozen=True, slots=True)
class _Text:
    """An instruction's text as it is compared, with how often it has each character."""

    keyword: str
    text: str
    characters: Counter[str]

    @classmethod
    def of(cls, keyword: str, text: str) -> "_Text":
        text = text[:_MOST_CHARACTERS]
        return cls(keyword, text, Counter(text))


def _likeness(line: _Text, step: _Text) -> float:
    """0 to 1: the share of the characters that both have, in whatever order. The classic builder writes hashes for
    COPY's sources: there the destination tells."""
    if line.keyword != step.keyword:
        return 0.0
    if line.text == step.text:
        return 1.0
    alike = 2 * (line.characters & step.characters).total() / (len(line.text) + len(step.text))
    if line.keyword in ("COPY", "ADD"):
        same_end = line.text.rsplit(" ", maxsplit=1)[-1].rstrip("/") == step.text.split(" ")[-1].rstrip("/")
        return (0.5 if same_end else 0.0) + alike / 2
    return alike


def _with_dependencies(packages: Sequence[Package], names: Iterable[str]) -> list[Package]:
    """The operating system's packages ``names``, and what is required by nothing but these."""
    wanted = set(names)
    system = {number for number, each in enumerate(packages) if each.ecosystem in ("deb", "apk", "rpm")}
    gone = {number for number in system if packages[number].name in wanted}
    lowest = min((packages[number].layer for number in gone), default=0)
    growing = True
    while growing:
        more = {
            number
            for number in system - gone
            if packages[number].required_by
            and gone.issuperset(packages[number].required_by)
            and packages[number].layer >= lowest
            and packages[number].requested is not True
        }
        growing = bool(more)
        gone |= more
    return [packages[number] for number in sorted(gone)]
