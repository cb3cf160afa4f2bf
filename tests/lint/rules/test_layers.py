"""What the rules about layers make of Dockerfiles, and where they keep their hands off."""

import pytest
from tests.lint.asking import ask
from tests.lint.rules.editing import becomes, left_alone

from lightship.dockerfile.model import Instruction
from lightship.lint.rules import chown_after_copy, many_layers, package_cache_kept, removed_later, update_alone
from lightship.lint.subject import Cost, NoCosts, Part

SLIM = "FROM python:3.12-slim-bookworm\n"
FILES = {
    "app/main.py": "",
    "requirements.txt": "flask==3.0\n",
    "list.txt": "-e ./vendor\n",
    "install.sh": "apt-get install -y x\n",
}


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("ENV HOME=/app\nCOPY app $HOME\nRUN chown -R 1:1 /app\n", "ENV HOME=/app\nCOPY --chown=1:1 app $HOME\n"),
        # WORKDIR and mkdir made folders that no COPY gives away
        ("WORKDIR /app\nCOPY . .\nRUN chown -R 10:10 /app\n",
         "WORKDIR /app\nCOPY --chown=10:10 . .\nRUN chown 10:10 /app\n"),
        ("WORKDIR /srv/app\nRUN mkdir -p data/log\nCOPY . .\nRUN useradd x && chown -R 10:10 /srv/app\n",
         ("WORKDIR /srv/app\nRUN mkdir -p data/log\nCOPY --chown=10:10 . .\n"
         "RUN useradd x && chown 10:10 /srv/app /srv/app/data /srv/app/data/log\n")),
        # the group stays what it was
        ("COPY app /app\nRUN chown -R 10 /app\n", "COPY --chown=10:0 app /app\n"),
        ("COPY app /app\nRUN chown -R :10 /app\n", "COPY --chown=0:10 app /app\n"),
        ("RUN useradd app\nCOPY app /app\nRUN chown -R app: /app\n", "RUN useradd app\nCOPY --chown=app app /app\n"),
        # what pip installs lies elsewhere
        ("COPY requirements.txt /app/\nRUN pip install -r requirements.txt\nCOPY app /app\nRUN chown -R 1:1 /app\n",
         ("COPY --chown=1:1 requirements.txt /app/\nRUN pip install -r requirements.txt\n"
         "COPY --chown=1:1 app /app\n")),
        ("copy --from=0 a /app\nRUN chown -R 1:1 /app \\\n  # why\n  && mkdir /x\n",
         "copy --chown=1:1 --from=0 a /app\nRUN \\\n  # why\n  mkdir /x\n"),
    ],
)  # fmt: skip
def test_owners_are_said_where_files_are_copied(text: str, after: str) -> None:
    assert becomes(chown_after_copy.RULE, SLIM + text, FILES) == SLIM + after


@pytest.mark.parametrize(
    "text",
    [
        "COPY app /app\nRUN useradd app && chown -R app:app /app\n",  # not known yet where it is copied
        "COPY app /app\nRUN useradd app\nRUN chown -R app:app /app\n",
        "COPY app /app\nRUN apt-get install -y postfix\nRUN chown -R postfix:postfix /app\n",
        "COPY app /app\nRUN touch /app/x && chown -R 1:1 /app\n",
        "COPY app /app\nRUN echo a > /app/x && chown -R 1:1 /app\n",
        "RUN make install\nCOPY app /app\nRUN chown -R 1:1 /app\n",
        "COPY app /app\nRUN pip install -r list.txt\nRUN chown -R 1:1 /app\n",
        "COPY app /app\nRUN pip install -t /app/lib flask\nRUN chown -R 1:1 /app\n",
        "ENV PATH=/app/venv/bin:$PATH\nCOPY app /app\nRUN pip install flask\nRUN chown -R 1:1 /app\n",
        "COPY app /srv/app\nRUN chown -R 1:1 /srv\n",  # may hold more than the copy
        "COPY app /usr/share/app\nRUN chown -R 1:1 /usr/share\n",
        "COPY app /app\nRUN chown -R 1:1 /\n",
        "COPY app /app\nRUN chown -R --from=0 1:1 /app\n",
        "COPY app /app\nRUN chown -R $U:$U /app\n",
        "COPY app /app\nRUN chown -R 1:1 /app/*\n",
        "COPY app /app\nRUN test -d /app && chown -R 1:1 /app || true\n",
        "COPY app /app\nRUN if a; then chown -R 1:1 /app; fi\n",
        "COPY app /app\nUSER 5\nRUN sudo chown -R 1:1 /app\n",
        "COPY --chown=2:2 app /app\nRUN chown -R 1:1 /app\n",
        "COPY --link app /app\nRUN chown -R www-data:www-data /app\n",
        "COPY --from=x app /app\nRUN chown -R 1 /app\n",  # the group of the other stage's files
        "ADD x.tar.gz /app\nRUN chown -R 1:1 /app\n",
        "COPY app $X\nCOPY app /app\nRUN chown -R 1:1 /app\n",
        'COPY app /app\nRUN ["chown", "-R", "1:1", "/app"]\n',
        "COPY app /app\nRUN <<EOF\nchown -R 1:1 /app\nEOF\n",
        "COPY app /app\nRUN chmod -R 755 /app\n",
        "COPY app /home/node\nRUN chown -R 1:1 /home/node\n",
    ],
)
def test_owners_are_left_where_the_copy_cannot_know(text: str) -> None:
    assert left_alone(chown_after_copy.RULE, SLIM + text, FILES)


def test_a_base_that_may_have_files_there() -> None:
    text = "COPY app /app\nRUN chown -R 1:1 /app\n"
    assert left_alone(chown_after_copy.RULE, "FROM registry.example/base:1\n" + text)
    assert left_alone(chown_after_copy.RULE, f"{SLIM[:-1]} AS base\nCOPY x /app/x\nFROM base\n{text}")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("RUN apt-get update && apt-get install -y a\nRUN b\nRUN rm -rf /var/lib/apt/lists/*\n",
         "RUN apt-get update && apt-get install -y a && rm -rf /var/lib/apt/lists/*\nRUN b\n"),
        ("RUN apt-get update \\\r\n\t&& apt-get install -y a\r\nRUN b && rm -rf /var/lib/apt/lists/*\r\n",
         "RUN apt-get update \\\r\n\t&& apt-get install -y a \\\r\n\t&& rm -rf /var/lib/apt/lists/*\r\nRUN b\r\n"),
        ("WORKDIR /w\nRUN curl -o x.tgz http://a\nRUN rm x.tgz\n",
         "WORKDIR /w\nRUN curl -o x.tgz http://a && rm /w/x.tgz\n"),
        ("RUN set -eux; apt-get update; apt-get install -y a\nRUN set -e; b; rm -rf /var/lib/apt/lists/*; c\n",
         "RUN set -eux; apt-get update; apt-get install -y a && rm -rf /var/lib/apt/lists/*\nRUN set -e; b; c\n"),
    ],
)  # fmt: skip
def test_a_removal_goes_where_the_files_are_made(text: str, after: str) -> None:
    assert becomes(removed_later.RULE, SLIM + text, FILES) == SLIM + after


@pytest.mark.parametrize(
    "text",
    [
        # what is removed is used first
        "RUN curl -o /t/x http://a\nRUN tar xf /t/x\nRUN rm /t/x\n",
        "RUN curl -o /t/x http://a\nRUN tar xf /t/x && rm /t/x\n",
        "RUN git clone http://a /src\nRUN make -C /src && rm -rf /src\n",
        "RUN curl -o /t/x http://a\nCOPY y /t/x\nRUN rm /t/x\n",
        "RUN apt-get update && apt-get install -y a\nRUN apt-get install -y b\nRUN rm -rf /var/lib/apt/lists/*\n",
        "RUN apt-get update && apt-get install -y a\nRUN apt-get install -y b && rm -rf /var/lib/apt/lists/*\n",
        (
            "RUN apt-get update && apt-get install -y a\nCOPY install.sh /\n"
            "RUN sh /install.sh && rm -rf /var/lib/apt/lists/*\n"
        ),
        # who removes, and whether
        "RUN curl -o /t/x http://a\nUSER 5\nRUN rm /t/x\n",
        "RUN curl -o /t/x http://a\nRUN test -e /y && rm /t/x\n",
        "RUN curl -o /t/x http://a\nRUN rm /t/x || true\n",
        "RUN curl -o /t/x http://a\nRUN rm /t/x /t/y\n",
        "RUN curl -o /t/x http://a && exec true\nRUN rm /t/x\n",
        'RUN ["curl", "-o", "/t/x", "http://a"]\nRUN rm /t/x\n',
    ],
)
def test_a_removal_stays_behind_what_needs_the_files(text: str) -> None:
    assert left_alone(removed_later.RULE, SLIM + text, FILES)


def test_what_was_added_from_the_network_is_called_so() -> None:
    (remark,) = ask(removed_later.RULE, SLIM + "ADD https://a/b.tgz /t/b.tgz\nRUN rm /t/b.tgz\n")
    assert remark.message == "/t/b.tgz of the ADD in line 2 stays in the image"
    assert remark.fix.startswith("fetch, use and remove it in one RUN")


def test_a_lock_that_another_installer_installs_is_not_in_pips_cache() -> None:
    class Asked(NoCosts):
        def of_part(self, _run: Instruction, _part: Part) -> Cost:
            return Cost(unpacked_bytes=7, compressed_bytes=7)

    for line, size in (("pip install uv && uv sync", None), ("pip install -r requirements.txt", 7)):
        remarks = ask(package_cache_kept.RULE, f"{SLIM}RUN {line}\n", costs=Asked())
        assert [each.unpacked_bytes for each in remarks if each.message.startswith("pip ")] == [size]


def test_what_lies_in_a_mount_is_in_no_layer() -> None:
    text = "RUN --mount=type=cache,target=/var/lib/apt/lists apt-get update\nRUN rm -rf /var/lib/apt/lists/*\n"
    assert becomes(removed_later.RULE, SLIM + text) == SLIM + text


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("RUN apt-get update; apt-get install -y a\n",
         "RUN apt-get update; apt-get install -y a && rm -rf /var/lib/apt/lists/*\n"),
        ("RUN (apt-get update && apt-get install -y a)\n",
         "RUN (apt-get update && apt-get install -y a) && rm -rf /var/lib/apt/lists/*\n"),
        ("RUN apt-get update && if b; then c; fi\n",
         "RUN apt-get update && if b; then c; fi && rm -rf /var/lib/apt/lists/*\n"),
        ("RUN sudo apt-get update && sudo apt-get install -y a\n",
         "RUN sudo apt-get update && sudo apt-get install -y a && sudo rm -rf /var/lib/apt/lists/*\n"),
        ('RUN bash -c "apt-get update && apt-get install -y a"\n',
         'RUN bash -c "apt-get update && apt-get install -y a" && rm -rf /var/lib/apt/lists/*\n'),
        ("RUN apt-get update && apt-get install -y a\nRUN apt-get update && apt-get install -y b\n",
         ("RUN apt-get update && apt-get install -y a && rm -rf /var/lib/apt/lists/*\n"
         "RUN apt-get update && apt-get install -y b\n")),
        # a mount keeps what the next build wants; the option where there is no list
        ("RUN pip install -r requirements.txt\n",
         "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\n"),
        ("RUN uv sync\n", "RUN --mount=type=cache,target=/root/.cache/uv uv sync\n"),
        ("USER 5\nRUN uv sync\n", "USER 5\nRUN uv sync --no-cache\n"),
        ("RUN python -m pip install flask\n", "RUN python -m pip install --no-cache-dir flask\n"),
    ],
)  # fmt: skip
def test_caches_are_not_kept(text: str, after: str) -> None:
    assert becomes(package_cache_kept.RULE, SLIM + text, FILES) == SLIM + after


@pytest.mark.parametrize(
    "text",
    [
        # lists that a later line, or a stage that goes on from here, installs from
        "RUN apt-get update && apt-get install -y a\nRUN apt-get install -y b\n",
        "RUN apt-get update\nRUN apt-cache policy a\n",
        "RUN apt-get update && apt-get install -y a\nCOPY install.sh /\nRUN /install.sh\n",
        "RUN apt-get update && apt-get install -y a\nRUN if\n",
        # nowhere to put it
        "RUN apt-get update && apt-get install -y a # note\n",
        "RUN apt-get update &\n",
        "RUN apt-get update && exec true\n",
        'RUN ["apt-get", "update"]\n',
        "RUN <<EOF\napt-get update\nEOF\n",
        # what is installed is linked to the cache
        "ENV UV_LINK_MODE=symlink\nRUN uv sync\n",
        "RUN uv sync --link-mode symlink\n",
    ],
)
def test_caches_are_kept_for_what_needs_them(text: str) -> None:
    assert left_alone(package_cache_kept.RULE, SLIM + text, FILES)


def test_lists_that_another_stage_installs_from() -> None:
    text = f"{SLIM[:-1]} AS base\nRUN apt-get update && apt-get install -y a\nFROM base\nRUN apt-get install -y b\n"
    assert left_alone(package_cache_kept.RULE, text)


@pytest.mark.parametrize(
    "text",
    [
        "USER 5\nRUN --mount=type=cache,target=/home/x/.cache/pip pip install flask\n",
        "RUN --mount=type=cache,target=/root/.cache,id=a uv sync\n",
        "RUN apt-get update && apt-get install -y a && apt-get distclean\n",
    ],
)
def test_a_cache_that_is_in_no_layer(text: str) -> None:
    assert becomes(package_cache_kept.RULE, SLIM + text) == SLIM + text
    assert not left_alone(package_cache_kept.RULE, SLIM + text)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("# lists\nRUN apt-get update\nENV DEBIAN_FRONTEND=noninteractive\nRUN apt-get install -y a\n",
         "# lists\nENV DEBIAN_FRONTEND=noninteractive\nRUN apt-get update && apt-get install -y a\n"),
        ("RUN apt-get update\nRUN set -ex; apt-get install -y a; b\n",
         "RUN set -ex; apt-get update; apt-get install -y a; b\n"),
        ("RUN apt-get -qq update\nRUN mkdir x && apt-get install -y a\n",
         "RUN apt-get -qq update && mkdir x && apt-get install -y a\n"),
    ],
)  # fmt: skip
def test_an_update_goes_to_its_install(text: str, after: str) -> None:
    assert becomes(update_alone.RULE, SLIM + text) == SLIM + after


@pytest.mark.parametrize(
    "text",
    [
        "RUN apt-get update\nCOPY sources.list /etc/apt/\nRUN apt-get install -y a\n",
        "RUN apt-get update\nENV http_proxy=http://a\nRUN apt-get install -y a\n",
        "RUN apt-get update\nUSER 5\nRUN sudo apt-get install -y a\n",
        "RUN --mount=type=cache,target=/var/lib/apt/lists apt-get update\nRUN apt-get install -y a\n",
        "RUN apt-get update\nRUN apt-get install -y a || true\n",
        "RUN apt-get update\nRUN a; apt-get install -y b\n",
        "RUN apt-get update || true\nRUN apt-get install -y a\n",
        "RUN apt-get update\nRUN if a; then apt-get install -y a; fi\n",
        "RUN apt-get update\nRUN <<EOF\napt-get install -y a\nEOF\n",
        "RUN apt-get update # why\nRUN apt-get install -y a\n",
    ],
)
def test_an_update_that_cannot_go_along(text: str) -> None:
    assert left_alone(update_alone.RULE, SLIM + text)


JOINED = "RUN a \\\n    && b \\\n    && c \\\n    && d\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("RUN a\nRUN b\nRUN c\nRUN d\n", JOINED),
        ("RUN a\n\nRUN b\nRUN c\nRUN d", JOINED.rstrip("\n")),
        ("RUN a | x\r\nRUN b > y\r\nRUN c\r\nRUN ! d\r\n", ""),
        ("RUN a | x\r\nRUN b > y\r\nRUN c\r\nRUN d\r\n",
         "RUN a | x \\\r\n    && b > y \\\r\n    && c \\\r\n    && d\r\n"),
    ],
)  # fmt: skip
def test_lines_are_joined(text: str, after: str) -> None:
    assert becomes(many_layers.RULE, SLIM + text) == SLIM + (after or text)


@pytest.mark.parametrize(
    "line",
    [
        "RUN b || c", "RUN b; c", "RUN b &", "RUN b;", "RUN b # note", "RUN cd b", "RUN export B=1", "RUN B=1",
        "RUN exec b", "RUN exit 0", "RUN if b; then c; fi", "RUN for b in c; do d; done", "RUN umask 077 && b",
        "RUN . ./b", "RUN eval b", "RUN b() { c; }", "RUN --network=none b", 'RUN ["b"]', "RUN <<E\nb\nE", "# b\nRUN b",
        "RUN ! b", "RUN (b; c)", "RUN pushd b",
    ],
)  # fmt: skip
def test_lines_that_another_would_read_otherwise(line: str) -> None:
    assert left_alone(many_layers.RULE, f"{SLIM}RUN a\n{line}\nRUN c\nRUN d\n")
