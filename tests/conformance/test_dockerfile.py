"""What is said of a Dockerfile is what an engine's BuildKit does with it: which it refuses, which stages it builds,
and what the image's variables, folder and user are."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lightship.dockerfile.parse import parse
from lightship.dockerfile.refusals import refusals_of
from lightship.dockerfile.scope import user_at, workdir_at
from lightship.dockerfile.stages import Stages, stages_of
from lightship.errors import InputError

if TYPE_CHECKING:
    from tests.conformance.conftest import Dockerd

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("dockerd")]

VARIABLES = """\
ARG BASE=scratch
ARG VERSION=1.2.3
ARG GIVEN=default
FROM ${BASE} AS first
ARG VERSION
ARG GIVEN
ENV A=1 B="two words" C='$A' D=\\$A
ENV A=2 OLD=$A${VERSION}
ENV old form  with  blanks $A
ENV E=${A:-x}${NONE:-y}${NONE:+z}${A:+w} EMPTY= QUOTED="" BACK=a\\ b
ENV PATH=/opt/bin:$PATH
WORKDIR /srv
WORKDIR app/../web
LABEL a="$A b" 'c d'=e
FROM first AS Second
ARG LATE=l$GIVEN
ENV F=$LATE G=${VERSION}-$B
WORKDIR $F
USER ${USERID:-65534}:$A
FROM scratch
ENV UNUSED=1
COPY --from=second /file /
FROM second
ARG A=5
ENV H=$A
WORKDIR ../up
COPY file /
CMD ["x"]
"""
STAGES = """\
FROM scratch AS good
COPY file /
FROM scratch AS broken
COPY missing /
FROM good AS onto
COPY file /b
FROM scratch AS copies
COPY --from=broken /x /
FROM scratch AS indexed
COPY --from=0 /file /
FROM broken AS child
FROM scratch AS apart
COPY --from=onto /b /
COPY --from=indexed /file /
"""
# Not asked: a stage that copies from itself, a file of ARGs only. On both, the BuildKit of 20.10 takes the engine down.
REFUSED = [
    "FROM scratch\nCOPY file\n",
    "FROM scratch\nINCLUDE file\nCOPY file /\n",
    "FROM scratch\nCOPY --form=x file /\n",
    "FROM scratch\nCOPY file /\nENV a='b\n",
    "FROM scratch\nCOPY file /\nENV a\n",
    "FROM scratch\nCOPY file /\nWORKDIR ${a^^}\n",
    "FROM scratch AS 1a\nCOPY file /\n",
    "COPY file /\nFROM scratch\n",
    "FROM $NOTHING\nCOPY file /\n",
    "FROM scratch\nCOPY --from=3 /file /\n",
    'FROM scratch\nCOPY file /\nCMD ["a", 1]\n',
    "FROM scratch\nCOPY file /\nHEALTHCHECK --interval=x CMD a\n",
    "FROM scratch\nCOPY file /\nSHELL /bin/sh\n",
    "FROM scratch\nCOPY file /\nONBUILD ONBUILD USER a\n",
    "# escape=x\nFROM scratch\nCOPY file /\n",
    "",
]
TAKEN = [
    "# escape=`\nFROM scratch\nCOPY file `\n  /\nENV a=C:\\b\n",
    "\ufeffFROM scratch\r\nCOPY \\\r\n# comment\r\n\r\nfile /\r\nCMD ['a']\r\n",
    "from scratch as A\ncopy file /\nonbuild nonsense\nhealthcheck --interval=1m1.5s cmd a\nstopsignal --x 9\n",
    'FROM scratch\nCOPY ["file", "/a b"]\nVOLUME ["/v"]\nENV a b=c d\nLABEL x=\n',
]


@dataclass(frozen=True)
class Builder:
    engine: "Dockerd"
    context: Path

    def build(self, text: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        (self.context / "Dockerfile").write_bytes(text.encode())
        return self.engine.buildkit("build", "--network", "none", "--quiet", *arguments, str(self.context))


@pytest.fixture(scope="module")
def builder(dockerd: "Dockerd", tmp_path_factory: pytest.TempPathFactory) -> Builder:
    context = tmp_path_factory.mktemp("context")
    (context / "file").write_text("x")
    builder = Builder(dockerd, context)
    built = builder.build("FROM scratch\nCOPY file /\n")
    assert built.returncode == 0, built.stderr.decode()  # so that a failure later is the file's
    return builder


@pytest.mark.parametrize("given", [{}, {"GIVEN": "given", "VERSION": "9"}])
def test_variables_folder_and_user_are_the_images(builder: Builder, given: dict[str, str]) -> None:
    options = [word for name, value in given.items() for word in ("--build-arg", f"{name}={value}")]
    built = builder.build(VARIABLES, *options)
    assert built.returncode == 0, built.stderr.decode()
    image = built.stdout.decode().strip()
    config = json.loads(builder.engine.docker("image", "inspect", "--format", "{{json .Config}}", image))
    stages = stages_of(parse(VARIABLES), arguments=given)
    last = stages.stages[-1].instructions[-1]
    assert dict(pair.split("=", 1) for pair in config["Env"]) == variables(stages)
    assert config["WorkingDir"] == workdir_at(stages, last)
    assert config["User"] == user_at(stages, last)


def variables(stages: Stages) -> dict[str, str | None]:
    """Those of the image: what ENV said last."""
    return {each.name: each.value for stage in stages.shipped for each in stage.settings if each.kind == "ENV"}


def test_only_the_stages_that_are_needed_are_built(builder: Builder) -> None:
    names = [stage.name for stage in stages_of(parse(STAGES)).stages]
    for name in names:
        assert name is not None
        stages = stages_of(parse(STAGES), target=name)
        fails = any(stages.stages[index].name == "broken" for index in stages.needed)
        assert (builder.build(STAGES, "--target", name).returncode != 0) == fails, name


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_here_an_engine_refuses(builder: Builder, text: str) -> None:
    assert is_refused(text)
    assert builder.build(text).returncode != 0


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken_here_an_engine_builds(builder: Builder, text: str) -> None:
    assert not is_refused(text)
    built = builder.build(text)
    assert built.returncode == 0, built.stderr.decode()


def is_refused(text: str) -> bool:
    try:
        return bool(refusals_of(parse(text)))
    except InputError:
        return True
