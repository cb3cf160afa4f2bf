"""Secrets of a build never stand in what is said of an image; the rest of a step does, letter for letter."""

import json

import pytest
from tests.analyze.making import files, image_of

from lightship.flows.analyze import analyze_image, analyze_report
from lightship.flows.diff import diff_images, diff_report
from lightship.gate.measures import measure_manifest
from lightship.oci.reference import Reference
from lightship.oci.secrets import redacted, secret_in_step, secret_in_variable

SECRET = "correct0horse"
STEPS = (
    f"RUN |2 INDEX_TOKEN={SECRET} A=1 /bin/sh -c make A # buildkit",
    f"|1 DB_PASSWORD={SECRET} /bin/sh -c make",
    f"RUN /bin/sh -c pip install --index-url https://user:{SECRET}@index.example/simple x",
    f"RUN /bin/sh -c git clone https://user:{SECRET}:more@host.example/x",
    f"RUN /bin/sh -c git clone https://{SECRET}{SECRET}@host.example/x",
    f'ENV API_KEY="{SECRET} and more" A=1',
    f"ENV API_KEY {SECRET}",
    f"/bin/sh -c #(nop)  ENV SECRET_KEY={SECRET}",
    f"/bin/sh -c #(nop)  ARG CLIENT_SECRET='{SECRET} {SECRET}'",
    f"RUN export TOKEN={SECRET}; curl --token {SECRET} --api-key={SECRET} https://host.example",
)


@pytest.mark.parametrize("step", STEPS)
def test_what_is_secret_is_hidden(step: str) -> None:
    assert SECRET not in redacted(step)
    assert "***" in redacted(step)
    assert redacted(redacted(step)) == redacted(step)


def test_keys_are_known_by_their_shape() -> None:
    assert redacted("RUN x " + "AKIA" + "A" * 16 + " y") == "RUN x *** y"
    assert redacted("RUN x " + "ghp_" + "a" * 36) == "RUN x ***"


@pytest.mark.parametrize(
    "step",
    [
        "RUN git clone https://u:$TOKEN@host.example/x",
        "RUN |1 TOKEN=$TOKEN /bin/sh -c x",
        "ENV PGPASSWORD_FILE=/run/secrets/x TOKENIZERS_PARALLELISM=false",
        "RUN curl https://host.example:8080/a@b && chown -R app:app /app",
        "COPY token.py /app/token.py # buildkit",
        "RUN --mount=type=secret,id=netrc pip install x --token-file /run/secrets/t --token $T",
        "ENV API_KEY=/run/secrets/key",
    ],
)
def test_what_is_none_stays_as_it_is(step: str) -> None:
    assert redacted(step) == step


def test_no_output_shows_one() -> None:
    image = image_of(*(files({f"f{number}": b"x"}) for number in range(len(STEPS))), steps=STEPS)
    before = image_of(files({"f": b"y"}), steps=STEPS[:1])
    place = Reference.parse("oci:x")
    said = [
        json.dumps(analyze_report(analyze_image(image, place)).document),
        json.dumps(diff_report(diff_images(before, image, references=("a", "b"), packages=True)).document),
        repr(measure_manifest(image, "x")),
    ]
    assert all("***" in text and SECRET not in text for text in said)


def test_a_text_made_to_be_slow_ends() -> None:
    for text in ("ENV " + "A_" * 50_000, "TOKEN " * 50_000, "://" * 50_000, "://u:" * 50_000, "--a-" * 50_000):
        assert redacted(text) == text


def test_kinds_of_secrets() -> None:
    assert secret_in_variable("X", "AKIA" + "A" * 16) == "an access key of AWS"
    assert secret_in_step(STEPS[0]) == "a value that its name calls secret (build argument INDEX_TOKEN)"
