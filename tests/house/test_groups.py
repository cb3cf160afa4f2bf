"""Groups of tests that share an engine are kept on one worker: where pytest-xdist passes over its groups, each worker
starts an engine and builds the demo's image, which costs minutes and is not noticed."""

import pytest


@pytest.mark.xdist_group("house")
def test_groups_are_kept(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("not run with --dist loadgroup")
    assert request.node.nodeid.endswith("@house"), "this pytest-xdist and this pytest do not go together"
