"""What the builder refuses; each was given to BuildKit's own reader of instructions when it was written here."""

import pytest
from tests.dockerfile.corpus_files import CORPUS, REFUSED, read

from lightship.dockerfile.parse import parse
from lightship.dockerfile.refusals import refusals_of
from lightship.errors import InputError


def said(text: str) -> list[tuple[int, str]]:
    return [(each.instruction.line, each.message) for each in refusals_of(parse(text))]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("INCLUDE x", "unknown instruction 'INCLUDE'"),
        ("ENV --a b=c", "unknown flag --a"),
        ("COPY --form=x a b", "unknown flag --form"),
        ("COPY --link=no a b", "--link is true or false, not 'no'"),
        ("COPY --link= a b", "--link is true or false, not ''"),
        ("COPY --chown a b", "--chown has no value"),
        ("COPY --chown=1 --chown=2 a b", "--chown is given twice"),
        ("COPY a", "COPY takes a source and a destination"),
        ('COPY ["a", "<<b"]', "COPY cannot write to a here-document"),
        ("ENV", "ENV takes at least one argument"),
        ("LABEL =a", "a name of LABEL is blank"),
        ("ARG =a", "a name of ARG is blank"),
        ("USER", "USER takes exactly one argument"),
        ("FROM a b", "FROM takes an image, or an image AS name"),
        ("FROM a AS 1", "'1' is no name for a stage"),
        ("FROM $nothing", "$nothing is empty"),
        ("ONBUILD", "ONBUILD takes an instruction"),
        ("ONBUILD ONBUILD RUN a", "ONBUILD is not allowed in ONBUILD"),
        ("ONBUILD FROM a", "FROM is not allowed in ONBUILD"),
        ("RUN --network=some a", "--network is one of default, none, host, not 'some'"),
        ("RUN --security=none a", "--security is one of sandbox, insecure, not 'none'"),
        ('RUN --mount=a\\"b c', 'the fields of --mount=a"b cannot be read'),
        ("RUN --mount=from=$a,target=/b c", "--mount=from takes no variable"),
        ("HEALTHCHECK", "HEALTHCHECK takes CMD or NONE"),
        ("HEALTHCHECK curl x", "HEALTHCHECK takes CMD or NONE, not 'curl'"),
        ("HEALTHCHECK NONE a", "HEALTHCHECK NONE takes no arguments"),
        ("HEALTHCHECK CMD", "no command after HEALTHCHECK CMD"),
        ("HEALTHCHECK --interval=5 CMD a", "--interval is a duration of at least 1ms, not '5'"),
        ("HEALTHCHECK --timeout=1us CMD a", "--timeout is a duration of at least 1ms, not '1us'"),
        ("HEALTHCHECK --retries=-1 CMD a", "--retries is a whole number, not '-1'"),
        ("EXPOSE", "EXPOSE takes at least one argument"),
        ('VOLUME [" "]', "a path of VOLUME is blank"),
        ("SHELL /bin/sh", "SHELL takes a JSON array of strings"),
        ("COPY --from=1 a b", "it takes files from stage 1, which is not before its own"),
        ("COPY --from=0 a b", "it takes files from its own stage"),
        ("COPY --from=here a b", "it takes files from its own stage"),
        ("COPY --from=$a a b", "--from takes no variable"),
        ("RUN --mount=from=here,target=/a b", "it takes files from its own stage"),
        ("ENV a='b", "no ' ends a quotation in \"'b\""),
        ("WORKDIR ${a^}", "unsupported modifier '^' in '${a^}'"),
        ("USER ${a:?no user}", "a: no user, in '${a:?no user}'"),
        ("COPY <<b c\n${d^^}\nb", "unsupported modifier '^' in '${d^^}\\n'"),
    ],
)
def test_one_reason_in_one_line(line: str, message: str) -> None:
    assert said(f"FROM scratch AS here\n{line}\n") == [(2, message)]


@pytest.mark.parametrize(
    "line",
    [
        *("RUN", "CMD", "RUN --mount=type=cache,target=/a --mount=type=ssh --network=none --device=x a"),
        *("COPY --link a b", "COPY --link=TRUE a b", "COPY --exclude=a --exclude=b c d", "ADD --unpack=false a b"),
        *("HEALTHCHECK --interval=1h1m1.5s --retries=0 --timeout=0 CMD a", "HEALTHCHECK --interval=x NONE"),
        *("HEALTHCHECK none", "ARG --a b", "STOPSIGNAL --a b", "ONBUILD NONSENSE", "FROM here", "VOLUME a b"),
        *("FROM here as X.y-z_1", "COPY <<'b' c\n${d^^}\nb", "ENV a=${b:-c}", "LABEL a='b c' d=\"e\"", "ENTRYPOINT []"),
        *("COPY --from=image:1 a b", 'SHELL ["a"]'),
    ],
)
def test_what_the_builder_takes(line: str) -> None:
    assert said(f"FROM scratch AS here\n{line}\n") == []


def test_a_foreign_base_may_set_what_the_file_does_not() -> None:
    assert said("FROM python\nUSER ${APP_USER:?none}\nWORKDIR $HOME") == []
    assert said("FROM scratch\nUSER ${APP_USER:?none}") == [(2, "APP_USER: none, in '${APP_USER:?none}'")]
    assert said("ARG BASE\nFROM $BASE") == []


def test_all_of_them_in_the_files_order() -> None:
    text = "RUN a\nARG b\nFROM x AS y\nCOPY --from=z2 a b\nWHAT\nFROM q\nCOPY --from=2 a b\nUSER\nFROM y AS z2"
    assert said(text) == [
        (1, "stands before the first FROM"),
        (4, "it takes files from stage 2, which is not before its own"),
        (5, "unknown instruction 'WHAT'"),
        (7, "it takes files from stage 2, which is not before its own"),
        (8, "USER takes exactly one argument"),
    ]


def test_a_file_without_from() -> None:
    assert said("ARG a") == [(1, "no FROM in the file")]


def test_every_constructed_file_is_judged() -> None:
    judged = {name: refusals_of(parse(read(name))) for name in CORPUS if name not in REFUSED}
    for name in ("refused-later-from-two-words", "refused-later-stage-number", "keyword-alone", "healthcheck-odd"):
        assert judged[name], name
    for name in (
        "two-stages-python",
        "keywords-all",
        "run-mounts",
        "env-pairs",
        "heredoc-copy-several",
        "onbuild-forms",
    ):
        assert not judged[name], (name, judged[name])


def test_too_many_stages_are_no_crash() -> None:
    with pytest.raises(InputError, match="stages"):
        refusals_of(parse("FROM a\n" * 1000))
