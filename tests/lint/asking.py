"""A Dockerfile in a test, asked by one rule: a subject from text, with a context that is a dict."""

from collections.abc import Callable, Mapping

from lightship.dockerfile.edit import apply_edits
from lightship.dockerfile.parse import parse
from lightship.dockerfile.stages import stages_of
from lightship.ecosystem.base_images import KnownBase
from lightship.ecosystem.dockerignore import Ignore
from lightship.ecosystem.python.offers import LockFacts, Offer, OfferedWheel
from lightship.lint.rule import Remark, Rule
from lightship.lint.scripts import scripts_of
from lightship.lint.subject import Context, Costs, NoCosts, Subject, no_lock

__all__ = ["ask", "context_of", "lock_without_musl", "mended", "spots", "subject_of"]


def context_of(files: Mapping[str, str | int], *, ignore: str | None = None, complete: bool = True) -> Context:
    """A context whose ``files`` are texts, or only sizes."""
    rules = Ignore.parse(ignore or "")
    sent = {path: what for path, what in files.items() if not rules.matches(path)}
    texts = {path: what for path, what in sent.items() if isinstance(what, str)}
    return Context(
        files={path: what if isinstance(what, int) else len(what.encode()) for path, what in sorted(sent.items())},
        left_out=frozenset(files) - frozenset(sent),
        directories=frozenset(
            "/".join(path.split("/")[:depth]) for path in sent for depth in range(1, path.count("/") + 1)
        ),
        read=texts.get,
        ignore=rules,
        has_ignore_file=ignore is not None,
        is_complete=complete,
    )


def subject_of(
    text: str,
    *,
    context: Context | None = None,
    costs: Costs | None = None,
    target: str | None = None,
    arguments: Mapping[str, str] | None = None,
    lock: Callable[[KnownBase], LockFacts | None] = no_lock,
) -> Subject:
    """As `lightship.flows.lint` makes it."""
    dockerfile = parse(text)
    stages = stages_of(dockerfile, target=target, arguments=arguments or {})
    return Subject(
        name="Dockerfile",
        dockerfile=dockerfile,
        stages=stages,
        costs=costs or NoCosts(),
        context=context,
        scripts=scripts_of(stages),
        lock=lock,
    )


def lock_without_musl(_base: KnownBase) -> LockFacts:
    """A lock of two pure packages, and one with a wheel for glibc alone and
    no sdist."""
    pure = OfferedWheel(filename="flask-3.0-py3-none-any.whl", libc="any", floor=(0, 0))
    glibc = OfferedWheel(filename="onnxruntime-1.20-cp312-cp312-manylinux_2_27_x86_64.whl", libc="glibc", floor=(2, 27))
    return LockFacts(
        python="3.12.1",
        machine="x86_64",
        offers=(
            Offer(name="flask", version="3.0", wheels=(pure,), has_sdist=True),
            Offer(name="python-magic", version="0.4.27", wheels=(pure,), has_sdist=True),
            Offer(name="onnxruntime", version="1.20", wheels=(glibc,)),
        ),
    )


def ask(rule: Rule, text: str, **about: object) -> list[Remark]:
    """The remarks of one rule."""
    return list(rule.find(subject_of(text, **about)))  # type: ignore[arg-type]  # handed on as they are


def spots(rule: Rule, text: str, **about: object) -> list[str]:
    """The texts that the rule remarks upon."""
    return [text[remark.span.start : remark.span.end] for remark in ask(rule, text, **about)]


def mended(rule: Rule, text: str, **about: object) -> str:
    """The text with the first remark's edits made; the same where it has none."""
    for remark in ask(rule, text, **about):
        if remark.edits:
            return apply_edits(text, remark.edits)
    return text
