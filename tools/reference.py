"""``make docs``: everything below docs/reference that is made from the code, written or compared.

``python -m tools.reference`` writes; a test calls `pages` and compares.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
from tools import (
    analyze_reference,
    drop_rules_reference,
    schemas_assets_retarget,
    schemas_assets_standalone,
    schemas_assets_verify,
    schemas_lint,
    verify_reference,
)
from tools.copy_reference import copy_schema
from tools.schemas import build_schema, diff_schema, plan_schema
from tools.schemas_analyze import analyze_schema
from tools.schemas_assets import assets_schema
from tools.schemas_assets_image import assets_image_schema
from tools.schemas_assets_push import assets_push_schema
from tools.schemas_assets_releases import assets_releases_schema
from tools.schemas_base import base_schema
from tools.schemas_bench import bench_schema
from tools.schemas_check import budget_sections, check_schema
from tools.schemas_init import init_schema

from lightship.cli.main import COMMANDS, EXIT_STATUSES, cli
from lightship.oci.reference import TRANSPORTS
from lightship.settings import SETTINGS, Setting

__all__ = ["REFERENCE", "option_variable", "pages", "sample_toml"]

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"

_CLI_INTRODUCTION = """\
stdout is data, stderr is talk and progress. Every option has an environment variable; an option goes before its
variable, and that before `lightship.toml`. A repeatable option takes several words from its variable, quoted as in a
shell: `LIGHTSHIP_ENV='A=1 B="two words"'`. A switch is turned off with `0`.
"""

_BARE_NAMES = """\
A bare `REF` is a registry's, unless it is the path of a layout or an archive. `lightship run REF` looks first at the
images in the cache, where `lightship build` without `--output` puts them.
"""

_ERRORS = """\
An error is one sentence on stderr, then `hint: …` where there is a remedy; `--debug` adds the traceback. Nothing
half-written stays behind. `lightship run` ends with the application's own status, 128 + n when signal n ended it.
"""

_CONFIGURATION_INTRODUCTION = """\
`lightship.toml` in the project, or `[tool.lightship]` in its `pyproject.toml` (`[tool.lightship.image]`, …). The first
of them that exists is read; a variable goes before it, and a flag before both. Paths are relative to the project. A key
that is not listed here is an error.

What `safety`, `keep` and `drop` mean: [drop rules](drop-rules.md).
"""

_PLACES = {
    "oci": ("oci:DIR[:TAG]", "an OCI image layout on disk; a folder's path alone means this too"),
    "oci-archive": ("oci-archive:FILE[:TAG]", "a tar of such a layout"),
    "docker-archive": ("docker-archive:FILE[:REF]", "what docker save writes and docker load reads"),
    "docker-daemon": ("docker-daemon:REF", "the store of the Docker engine at $DOCKER_HOST, or of the current context"),
    "containers-storage": (
        "containers-storage:REF",
        "the store of podman, buildah and CRI-O, through skopeo, podman or buildah",
    ),
    "docker": ("docker://REF", "a registry; a name without a host is Docker's default registry's"),
}

_SURROUNDINGS = {
    "`NO_COLOR`": "neither colours (no-color.org) nor moving bars: no escape code is written",
    "`CI=true`": "the same: a task of a second or more is a line (all with `-v`), as whenever stderr is not a terminal",
    "`SOURCE_DATE_EPOCH`": "the time of every file and of the image, in seconds since 1970; without it times are fixed",
    "`XDG_CACHE_HOME`": "the cache is `lightship` in it; `LIGHTSHIP_CACHE_DIR` and `--cache-dir` go before it",
    "`DOCKER_HOST`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`, `DOCKER_CONTEXT`": "where the Docker engine listens, for "
    "`docker-daemon:`, as for docker's own client",
    "pip's and uv's variables": "`PIP_INDEX_URL`, `UV_INDEX_URL`, … count, as do their configuration files and netrc",
}

_SECTIONS = {
    "image": "What the image is and how it starts.",
    "build": "How it is made.",
    "archive": "Where the base's packages come from, when not from where this machine's apt gets its own.",
    "start": "Levers that make a start quicker, all off: docs/decisions/cold-start.md says what each is worth.",
    "probe": "How to tell that the application works. With a probe, only the bytecode of a traced start is shipped.",
}

_KINDS = {
    "text": "text",
    "list": "list of texts",
    "words": "list of words, or one text that is split as a shell does",
    "table": "table of texts",
    "switch": "true or false",
    "choice": "one of",
    "seconds": "duration, such as `60s` or `2 min`",
    "number": "whole number",
}

_SAMPLE: Mapping[str, object] = {
    "image.name": "registry.example/agent/api",
    "image.entrypoint": ["gunicorn", "-b", "0.0.0.0:5001", "app:app"],
    "image.cmd": ["--workers", "4"],
    "image.env": {"TZ": "UTC"},
    "image.ports": ["5001"],
    "image.labels": {"org.opencontainers.image.vendor": "Example"},
    "image.writable": ["/app/storage"],
    "image.system-packages": ["libmagic1"],
    "build.lock": "pylock.toml",
    "build.groups": ["postgres"],
    "build.extras": ["server"],
    "build.application": "wheel",
    "build.bytecode": "startup",
    "build.keep": ["pandas/tests/**"],
    "build.drop": ["botocore/data/iot*/**"],
    "build.packages": ["libmpfr-dev"],
    "build.level": 9,
    "archive.uri": "https://mirror.example/debian",
    "archive.suites": ["bookworm"],
    "archive.keyring": "keys/mirror.gpg",
    "probe.http": "http://127.0.0.1:5001/health",
    "probe.requests": "tests/smoke.http",
    "probe.env": {"DATABASE_URL": "sqlite://"},
    "probe.command": ["python", "-c", "import app"],
}
"""An example for every setting that has no default."""


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    return {
        REFERENCE / "cli.md": _cli_page(),
        REFERENCE / "configuration.md": _configuration_page(),
        REFERENCE / "schemas" / "analyze.schema.json": _json(analyze_schema()),
        REFERENCE / "schemas" / "assets.schema.json": _json(assets_schema()),
        REFERENCE / "schemas" / "assets-verify.schema.json": _json(schemas_assets_verify.assets_verify_schema()),
        REFERENCE / "schemas" / "assets-image.schema.json": _json(assets_image_schema()),
        REFERENCE / "schemas" / "assets-retarget.schema.json": _json(schemas_assets_retarget.assets_retarget_schema()),
        REFERENCE / "schemas" / "assets-push.schema.json": _json(assets_push_schema()),
        REFERENCE / "schemas" / "assets-standalone.schema.json": _json(
            schemas_assets_standalone.assets_standalone_schema()
        ),
        REFERENCE / "schemas" / "assets-releases.schema.json": _json(assets_releases_schema()),
        REFERENCE / "schemas" / "assets-standalone.schema.json": _json(
            schemas_assets_standalone.assets_standalone_schema()
        ),
        REFERENCE / "schemas" / "base.schema.json": _json(base_schema()),
        REFERENCE / "schemas" / "bench.schema.json": _json(bench_schema()),
        REFERENCE / "schemas" / "build.schema.json": _json(build_schema()),
        REFERENCE / "schemas" / "check.schema.json": _json(check_schema()),
        REFERENCE / "schemas" / "copy.schema.json": _json(copy_schema()),
        REFERENCE / "schemas" / "init.schema.json": _json(init_schema()),
        REFERENCE / "schemas" / "diff.schema.json": _json(diff_schema()),
        REFERENCE / "schemas" / "plan.schema.json": _json(plan_schema()),
        REFERENCE / "schemas" / "verify.schema.json": _json(verify_reference.verify_schema()),
        REFERENCE / "schemas" / "lint.schema.json": _json(schemas_lint.lint_schema()),
        schemas_lint.PAGE: schemas_lint.reference(),
        schemas_assets_retarget.PAGE: schemas_assets_retarget.reference(),
        schemas_assets_standalone.PAGE: schemas_assets_standalone.reference(),
        schemas_assets_verify.PAGE: schemas_assets_verify.reference(),
        analyze_reference.PAGE: analyze_reference.reference(),
        drop_rules_reference.PAGE: drop_rules_reference.reference(),
        verify_reference.PAGE: verify_reference.reference(),
    }


def sample_toml(*, commented: bool) -> str:
    """A ``lightship.toml`` with every setting; ``commented`` puts a ``#`` before each, under its meaning."""
    lines: list[str] = []
    for section in _SECTIONS:
        lines += ["", f"[{section}]"]
        for setting in _settings_of(section):
            line = f"{setting.key.partition('.')[2]} = {_toml(_example(setting))}"
            lines += [f"# {setting.help}", f"# {line}", ""] if commented else [line]
        if not lines[-1]:
            lines.pop()
    return "\n".join(lines[1:]) + "\n"


def option_variable(option: click.Option) -> str | None:
    """The environment variable of an option; None for ``--help`` and ``--version``, which are no settings."""
    return option.envvar if isinstance(option.envvar, str) else None


def _cli_page() -> str:
    context = click.Context(cli, info_name="lightship")
    parts = [
        "# Command line\n\nWritten by `make docs` from the commands themselves.\n",
        _CLI_INTRODUCTION,
    ]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is None:
            raise LookupError(name)
        parts += _command_sections(command, click.Context(command, info_name=name, parent=context))
    parts += [_images(), _statuses(), _surroundings()]
    return "\n".join(parts)


def _command_sections(command: click.Command, context: click.Context) -> Iterator[str]:
    """One for a command; for a group what it is, and one for each of its commands."""
    if not isinstance(command, click.Group):
        yield _command_section(command, context)
        return
    yield f"## {context.command_path}\n\n{_prose(command.help)}"
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is not None:
            yield from _command_sections(inner, click.Context(inner, info_name=name, parent=context))


def _command_section(command: click.Command, context: click.Context) -> str:
    usage = " ".join(command.collect_usage_pieces(context))
    path = context.command_path
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    settings = {setting.name for setting in SETTINGS} if command.name == "build" else set()
    own = [option for option in options if option.name not in settings]
    lines = [f"## {path}\n", f"```\n{path} {usage}\n```\n", _prose(command.help)]
    lines.append(_table(("option", "variable", "meaning"), [_option_row(option) for option in own]))
    if settings:
        lines.append("The settings of [configuration](configuration.md), which a flag overrides:\n")
        rows = [_option_row(option) for option in options if option.name in settings]
        lines.append(_table(("option", "variable", "meaning"), rows))
    return "\n".join(lines)


def _option_row(option: click.Option) -> tuple[str, ...]:
    names = [f"`{name}`" for name in (*option.opts, *option.secondary_opts)]
    kind = option.metavar or ("" if option.is_flag else "\\|".join(getattr(option.type, "choices", ())))
    shown = ", ".join(names) + (f" {_code(kind)}" if kind else "")
    return shown, _code(option_variable(option) or ""), option.help or ""


def _images() -> str:
    if set(_PLACES) != set(TRANSPORTS):
        raise LookupError("a transport without a description")
    rows = [(f"`{form}`", text) for form, text in (_PLACES[transport] for transport in TRANSPORTS)]
    return "\n".join(
        [
            "## Image references\n",
            _table(("form", "where the image lives"), rows),
            _BARE_NAMES,
        ]
    )


def _statuses() -> str:
    rows = [(str(status), meaning) for status, meaning in EXIT_STATUSES.items()]
    return "\n".join(
        [
            "## Exit status\n",
            _table(("status", "meaning"), rows),
            _ERRORS,
        ]
    )


def _surroundings() -> str:
    return "\n".join(["## Other variables\n", _table(("variable", "meaning"), list(_SURROUNDINGS.items()))])


def _configuration_page() -> str:
    parts = [
        "# Configuration\n\nWritten by `make docs` from the settings themselves.\n",
        _CONFIGURATION_INTRODUCTION,
    ]
    for section, meaning in _SECTIONS.items():
        rows = [_setting_row(setting) for setting in _settings_of(section)]
        parts += [
            f"## [{section}]\n\n{meaning}\n",
            _table(("key", "flag, variable", "kind", "default", "meaning"), rows),
        ]
    parts.append(budget_sections())
    sample = f"```toml\n{sample_toml(commented=True)}```\n"
    parts.append(f"## A whole file\n\nEvery key of a build, with its default or an example.\n\n{sample}")
    return "\n".join(parts)


def _setting_row(setting: Setting) -> tuple[str, ...]:
    kind = _KINDS[setting.kind]
    if setting.choices:
        kind += " " + ", ".join(f"`{choice}`" for choice in setting.choices)
    default = "" if setting.default is None else f"`{_toml(_default(setting))}`"
    flags = "`, `".join(setting.flag.split("/"))
    key = setting.key.partition(".")[2]
    return f"`{key}`", f"`{flags}`<br>`{setting.variable}`", kind, default, setting.help


def _settings_of(section: str) -> list[Setting]:
    return [setting for setting in SETTINGS if setting.key.partition(".")[0] == section]


def _example(setting: Setting) -> object:
    return _default(setting) if setting.default is not None else _SAMPLE[setting.key]


def _default(setting: Setting) -> object:
    return f"{setting.default:g}s" if setting.kind == "seconds" else setting.default


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int():
            return json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return f"[{', '.join(_toml(item) for item in value)}]"
        case dict():
            pairs = (f"{_toml_key(str(name))} = {_toml(item)}" for name, item in value.items())
            return f"{{ {', '.join(pairs)} }}"
    raise TypeError(f"no TOML for {value!r}")


def _toml_key(name: str) -> str:
    bare = all(letter.isalnum() or letter in "-_" for letter in name)
    return name if bare else json.dumps(name)


def _prose(text: str | None) -> str:
    paragraphs = (text or "").strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell or ' ' for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _json(schema: Mapping[str, object]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every page that is not as it should be."""
    for path, text in pages().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(REFERENCE.parents[1])}")


if __name__ == "__main__":
    main()
