"""A probe travels with its image, and no secret does."""

import pytest

from lightship.errors import ImageError
from lightship.launch.probe_labels import (
    PROBE_COMMAND,
    PROBE_HTTP,
    PROBE_TIMEOUT,
    ProbeSettings,
    probe_labels,
    read_probe_labels,
)


@pytest.mark.parametrize(
    "settings",
    [
        ProbeSettings(http="http://127.0.0.1:5001/health", timeout_s=90),
        ProbeSettings(command=("python", "-c", "print('ä')")),
        ProbeSettings(http="http://127.0.0.1:1/", timeout_s=0.5, command=("true",)),
    ],
)
def test_what_is_written_is_read(settings: ProbeSettings) -> None:
    assert read_probe_labels(probe_labels(settings)) == settings


def test_nothing_to_probe_is_no_label() -> None:
    assert probe_labels(ProbeSettings(timeout_s=90)) == {}
    assert read_probe_labels({"dev.lightship.writable": "/data"}) is None


@pytest.mark.parametrize(
    "url", ["http://user:word@127.0.0.1:5001/", "http://127.0.0.1:5001/health?token=word", "http://[broken"]
)
def test_a_url_with_credentials_stays_out(url: str) -> None:
    assert probe_labels(ProbeSettings(http=url)) == {}


@pytest.mark.parametrize(
    "labels",
    [
        {PROBE_COMMAND: "python -c 1"},
        {PROBE_COMMAND: "[1]"},
        {PROBE_COMMAND: '["\\ud800"]'},
        {PROBE_COMMAND: "[" * 100_000},
        {PROBE_HTTP: "http://127.0.0.1/", PROBE_TIMEOUT: "soon"},
        {PROBE_HTTP: "http://127.0.0.1/", PROBE_TIMEOUT: "nan"},
        {PROBE_HTTP: "http://127.0.0.1/", PROBE_TIMEOUT: "1e9"},
    ],
)
def test_labels_that_are_no_probe_are_refused(labels: dict[str, str]) -> None:
    with pytest.raises(ImageError, match=r"label dev\.lightship\.probe"):
        read_probe_labels(labels)
