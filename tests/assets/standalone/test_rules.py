"""Every rule's page is run: what stands under Bad with a dash goes, everything else stays."""

import re
from pathlib import Path

import pytest
from tests.assets.standalone.servers import make_tree

from lightship.assets.standalone.model import StandaloneOptions
from lightship.assets.standalone.rule import Rule, Server
from lightship.assets.standalone.rules import RULES
from lightship.assets.standalone.select import select

_OPTIONS = {
    "With ``--static moved``": StandaloneOptions(static="moved", max_safety="traced"),
    "With ``--images off``": StandaloneOptions(images="off", max_safety="traced"),
    "For amd64 and glibc": StandaloneOptions(architecture="amd64", libc="glibc", max_safety="traced"),
}


def listing(rule: Rule, heading: str, root: Path) -> tuple[Server, set[str]]:
    """The server that a page's Bad or Good block lists, and the paths marked with a dash."""
    section = re.search(rf"^{heading}\n=+\n(.*?)(?=^\w+\n=+\n)", rule.doc, re.DOTALL | re.MULTILINE)
    assert section is not None
    before, _, block = section[1].partition("::\n")
    files: dict[str, str] = {}
    gone: set[str] = set()
    for line in block.splitlines():
        match = re.fullmatch(r"    (- |  )(\S+)(?: \| (.*))?", line)
        if match is None:
            assert not line
            continue
        mark, path, text = match.groups(default="")
        files[path] = text
        gone |= {path} if mark == "- " else set()
    options = next(
        (found for said, found in _OPTIONS.items() if said in before), StandaloneOptions(max_safety="traced")
    )
    opened = re.search(r"As opened: ``(\S+)``", before)
    return Server(make_tree(root, files), options, opened=[opened[1]] if opened else None), gone


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_bad_goes_and_its_neighbours_stay(rule: Rule, tmp_path: Path) -> None:
    server, gone = listing(rule, "Bad", tmp_path)
    assert gone
    selection = select(server, (rule,))
    assert {left.path for left in selection.left} == gone
    assert set(selection.kept) == set(server.tree.files) - gone
    assert {left.rule for left in selection.left} == {rule.code}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_good_stays(rule: Rule, tmp_path: Path) -> None:
    server, gone = listing(rule, "Good", tmp_path)
    assert server.tree.files
    assert not gone
    assert select(server, (rule,)).left == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_has_every_section(rule: Rule) -> None:
    headings = re.findall(r"^([A-Z][\w ]+)\n=+$", rule.doc, re.MULTILINE)
    assert headings == ["What it does", "Why", "Bad", "Good", "References"]


def test_each_rule_has_its_file_and_its_code_once() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    folder = Path(__file__).parents[3] / "src/lightship/assets/standalone/rules"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {rule.code.replace("-", "_") for rule in RULES} == files


def test_the_default_goes_no_further_than_safe(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"node_modules/left/package.json": "{}", "node_modules/left/index.js": ""})
    assert select(Server(tree, StandaloneOptions()), RULES).left == ()
    bold = select(Server(tree, StandaloneOptions(max_safety="closure")), RULES)
    assert {left.rule for left in bold.left} == {"unreached"}
