"""Whatever an image holds, rules end in findings: bounded in number, on one line, without what is secret."""

import json
import tarfile

import pytest
from tests.analyze.making import Made, files, image_of

from lightship.analyze.analysis import analyze
from lightship.analyze.rules import RULES
from lightship.analyze.rules.secret_words import WANTED
from lightship.findings import Finding
from lightship.oci.secrets import secret_in_step, secret_in_variable

KEY = b"-----BEGIN PRIVATE KEY-----\n" + b"c2VjcmV0" * 8 + b"\n-----END PRIVATE KEY-----\n"
SITE = "usr/lib/python3.12/site-packages"


def findings(*layers: list[Made], steps: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    return analyze(image_of(*layers, steps=steps)).findings


def test_names_with_control_characters_and_other_encodings() -> None:
    odd = "app/\x1b[2J\n\udcff"
    made = files(
        {
            f"{odd}/id_rsa": KEY,
            f"{odd}/.git/x": b"1",
            f"{odd}/one": b"q" * 70_000,
            f"{odd}/two": b"q" * 70_000,
            f"{odd}/x.dist-info/METADATA": b"Name: \x1b[31m\nVersion: 1\n",
        }
    )
    found = findings(made)
    assert {"secrets", "version-control", "duplicate-files"} <= {finding.code for finding in found}
    for finding in found:
        for text in (finding.message, finding.fix or ""):
            assert text.isprintable(), text


def test_ten_thousand_keys_are_not_ten_thousand_findings() -> None:
    found = findings(files({f"keys/{number}.pem": KEY for number in range(300)}))
    assert len(found) == 51
    assert all(finding.severity == "error" for finding in found)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 100, b"{" * 5000, b"[" * 100_000, b"\xff\xfe", b"null", b'{"auths": 3}', b'{"auths": {"x": 4}}', KEY],
)
def test_what_is_kept_of_any_content_is_a_kind_and_no_secret(content: bytes) -> None:
    for wanted in WANTED:
        kept = wanted.keep(content)
        assert kept == b"" or (kept.startswith(b"lightship: ") and b"c2VjcmV0" not in kept)


def test_contents_written_to_make_patterns_slow() -> None:
    slow = [b"a." * 250_000, b"_authToken=" + b" " * 500_000, b"password" + b" " * 500_000, b"a://" * 100_000]
    for content in [*slow, b"sk-" * 150_000, b"x=\t" * 100_000]:
        kept = [wanted.keep(content) for wanted in WANTED if wanted.name in (".env", ".npmrc", ".netrc")]
        assert len(kept) == 3


def test_distributions_that_require_each_other_in_circles() -> None:
    made = {"app/main.py": b"import json"}
    for number in range(400):
        place = f"{SITE}/x{number}-1.dist-info"
        made[f"{place}/METADATA"] = f"Name: x{number}\nVersion: 1\nRequires-Dist: x{(number + 1) % 400}\n".encode()
        made[f"{place}/RECORD"] = f"x{number}.py,,\n".encode()
        made[f"{SITE}/x{number}.py"] = b"x" * 1000
    (finding,) = findings(files(made))
    assert finding.code == "unimported-distributions"
    assert finding.message.startswith("1,200 files")


def test_no_finding_shows_a_secret() -> None:
    secrets = {"app/.env": b"DB_PASSWORD=correcthorse\n", "root/.netrc": b"machine x login y password correcthorse\n"}
    steps = ("|1 TOKEN=correcthorse /bin/sh -c fetch https://a:correcthorse@host.example/x",)
    found = findings(files(secrets), steps=steps)
    assert sum(finding.code == "secrets" for finding in found) == 3
    assert "correcthorse" not in json.dumps([(each.message, each.fix, str(each.cause)) for each in found])


def test_content_of_other_rules_cannot_pose_as_a_secret() -> None:
    posing = {f"{SITE}/x-1.dist-info/RECORD": b"lightship: a private key,,\n", "app/x.sh": b"lightship: x"}
    assert not [finding for finding in findings(files(posing)) if finding.code == "secrets"]


def test_metadata_that_is_none() -> None:
    odd = {
        f"{SITE}/a-1.dist-info/METADATA": b"Name: a\nVersion: 1\nRequires-Dist: \nRequires-Dist: [[[\n",
        f"{SITE}/a-1.dist-info/RECORD": b'"""\n,,,\n../../../../../etc/passwd,,\n',
        f"{SITE}/b-1.dist-info/METADATA": b"Name: b\nVersion: 1\nRequires-Dist: c\n",
        f"{SITE}/c-1.dist-info/METADATA": b"Name: c\nVersion: 1\nRequires-Dist: b\n",
        "usr/lib/python3.12/encodings/__init__.py": b"",
        f"{SITE}/__pycache__/x.cpython-312.pyc": b"short",
        f"{SITE}/x.py": b"x",
        "app/main.py": b"\xff\0import \0",
    }
    codes = {finding.code for finding in findings(files(odd))}
    assert "stale-bytecode" in codes


def test_links_in_circles_and_directories_in_the_place_of_files() -> None:
    made = [
        Made("a", kind=tarfile.SYMTYPE, target="b"),
        Made("b", kind=tarfile.SYMTYPE, target="a"),
        Made("var/cache/apt", kind=tarfile.SYMTYPE, target="apt"),
        Made("root/.netrc", kind=tarfile.DIRTYPE),
        Made("etc/machine-id", kind=tarfile.DIRTYPE),
    ]
    assert findings(made) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [("A_TOKEN", ""), ("A_TOKEN", "/run/x"), ("API_KEY", "${API_KEY}"), ("TOKEN_FILE", "abcdefgh"),
     ("KEYBOARD", "abcdef"), ("GPG_KEY", "E3FF2839C048B25C"), ("MAX_TOKENS", "4096"), ("PASSWORD", "changeme")],
)  # fmt: skip
def test_good_variables(name: str, value: str) -> None:
    assert secret_in_variable(name, value) is None


def test_shapes_that_their_issuers_document() -> None:
    assert secret_in_variable("X", "AKIA" + "A" * 16) == "an access key of AWS"
    assert secret_in_variable("X", "ghp_" + "a" * 36) == "a token of GitHub"
    assert secret_in_step("RUN git clone https://u:$TOKEN@host.example/x") is None
    assert secret_in_step("RUN curl https://host.example:8080/a@b") is None


def test_every_rule_says_nothing_of_an_empty_image() -> None:
    analysis = analyze(image_of([]))
    assert analysis.findings == ()
    assert all(rule.version >= 1 for rule in RULES)
