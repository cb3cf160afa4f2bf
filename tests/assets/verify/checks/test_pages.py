"""Every check has its page; where one lists faults, what stands under Bad fires and what stands under Good does not."""

import re
from pathlib import Path

import pytest
from tests.assets.conftest import Seen
from tests.assets.faulty import FaultySite

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.checks.served import SERVED
from lightship.assets.verify.site import Site

LISTED = [check for check in SERVED if "::\n" in check.doc]


def section(check: Check[Site], heading: str) -> str:
    found = re.search(rf"^{heading}\n=+\n(.*?)(?=^\w[\w ]*\n=+\n|\Z)", check.doc, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{check.name} has no {heading}"
    return found[1]


def lines(check: Check[Site], heading: str) -> list[str]:
    return [line.strip() for line in section(check, heading).partition("::\n")[2].splitlines() if line.strip()]


@pytest.mark.parametrize("check", LISTED, ids=lambda check: check.name)
def test_bad_fires_and_good_does_not(check: Check[Site], faulty: FaultySite, seen: Seen) -> None:
    faulty.plant(*lines(check, "Bad"))
    found = list(check.run(seen()))
    assert found
    assert {one.code for one in found} <= {kind.code for kind in check.kinds}
    faulty.plant(*(line.replace("CDN", faulty.cdn.origin) for line in lines(check, "Good")))
    assert list(check.run(seen())) == []


@pytest.mark.parametrize("check", SERVED, ids=lambda check: check.name)
def test_a_page_has_every_section(check: Check[Site]) -> None:
    headings = re.findall(r"^([A-Z][\w ]+)\n=+$", check.doc, re.MULTILINE)
    assert headings == ["What it does", "Why", "Bad", "Good", "References"]


def test_codes_are_one_checks_alone_and_each_check_has_its_file() -> None:
    codes = [kind.code for check in SERVED for kind in check.kinds]
    assert len(codes) == len(set(codes))
    folder = Path(__file__).parents[4] / "src/lightship/assets/verify/checks"
    assert {check.name for check in SERVED} <= {path.stem for path in folder.glob("*.py")}
