"""Programs that are there and that are not."""

from pathlib import Path

import pytest

from lightship.errors import NoCommandError
from lightship.launch.program import check_program
from lightship.sandbox.protocol import Bind, Command

PATH = "/usr/local/bin:/usr/bin"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name, content in (
        ("usr/bin/tool", "\x7fELF"),
        ("usr/bin/script", "#!/usr/bin/tool -x\n"),
        ("usr/bin/broken", "#! /bin/bash\n"),
        ("usr/bin/odd", "#!\n"),
        ("usr/bin/relative", "#!tool\n"),
        ("app/run", ""),
        ("opt/folder/x", ""),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    (root / "bin").symlink_to("usr/bin")
    (root / "usr/bin/linked").symlink_to("/bin/tool")
    (root / "usr/bin/dangling").symlink_to("/etc/hostname")
    return root


def command(root: Path, program: str, **options: object) -> Command:
    return Command(rootfs=root, argv=(program,), env={"PATH": PATH}, cwd="/app", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "program",
    ["tool", "script", "odd", "relative", "linked", "/bin/tool", "./run", "../bin/tool", "/proc/self/exe"],
)
def test_what_is_there_passes(program: str, root: Path) -> None:
    check_program(command(root, program))


@pytest.mark.parametrize(
    ("program", "said", "hint"),
    [
        ("absent", "absent: the image has no such program on its PATH", ""),
        ("run", "run: the image has no such program on its PATH", ""),
        ("dangling", "dangling: the image has no such program on its PATH", ""),
        ("/opt/folder", "/opt/folder: the image has no such program", ""),
        ("--", "--: the image has no such program on its PATH", "without --"),
        ("sh", "sh: the image has no such program on its PATH", '["dash"]'),
        ("/bin/bash", "/bin/bash: the image has no such program", '["bash"]'),
        ("broken", "broken: the image has no /bin/bash, which is to interpret it", '["bash"]'),
    ],
)
def test_what_is_not_there_is_127(program: str, said: str, hint: str, root: Path) -> None:
    with pytest.raises(NoCommandError) as none:
        check_program(command(root, program))
    assert str(none.value) == said
    assert hint in (none.value.hint or "")
    assert none.value.exit_status == 127


def test_what_is_mounted_counts(root: Path, tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/mine").write_text("#!/opt/other\n")
    (tmp_path / "other").touch()
    binds = [Bind(source=tmp_path / "tools", target="/usr/local/bin")]
    with pytest.raises(NoCommandError, match="mine: the image has no /opt/other"):
        check_program(command(root, "mine", binds=tuple(binds)))
    binds.append(Bind(source=tmp_path / "other", target="/opt/other"))
    check_program(command(root, "mine", binds=tuple(binds)))
    with pytest.raises(NoCommandError):
        check_program(command(root, "/bin/tool", binds=(Bind(source=tmp_path / "tools", target="/usr/bin"),)))
