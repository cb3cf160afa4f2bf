"""What an image tells everybody about itself."""

import pytest

from lightship.config import Options
from lightship.flows.image_config import annotations

SOURCE = "org.opencontainers.image.source"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("https://git.invalid/group/project", "https://git.invalid/group/project"),
        ("https://oauth2:glpat-secret@git.invalid/group/project", "https://git.invalid/group/project"),
        ("https://token@git.invalid:8443/a@b", "https://git.invalid:8443/a@b"),
        ("https://git.invalid", "https://git.invalid"),
    ],
)
def test_the_source_is_told_without_credentials(told: str, kept: str) -> None:
    environ = {"CI_PROJECT_URL": told}
    found = annotations(Options(), name="x", version=None, created="1980-01-01T00:00:00Z", environ=environ)
    assert found[SOURCE] == kept
