"""What is said to people of owners and users: words that can be followed as they are."""

import pytest
from tests.lint.asking import ask

from lightship.lint.rules import chown_after_copy, runs_as_root

SLIM = "FROM python:3.12-slim-bookworm\n"
MAKES = "RUN useradd -u 1000 app\n"


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("COPY a /app\nRUN chown -R 1000:1000 /app\n", "--chown=1000:1000 where they are copied"),
        ("COPY a /app\nRUN chown -R 1000 /app\n", "--chown=1000:0 where they are copied"),
        ("COPY a /app\nRUN chown -R :1000 /app\n", "--chown=0:1000 where they are copied"),
        ("COPY a /app\nRUN chgrp -R 0 /app\n", "--chown=0:0 where they are copied"),
        ("COPY --chown=7 a /app\nRUN chgrp -R www /app\n", "--chown=7:www where they are copied"),
        ("COPY --chown=1:1 a /app\nRUN chown -R 1:1 /app\n", "leave it out: they are copied with that owner"),
        (f"{MAKES}COPY a /app\nRUN chown -R app:app /app\n", "--chown=app:app where they are copied"),
        (f"COPY a /app\n{MAKES}RUN chown -R app:app /app\n",
         "--chown=app:app where they are copied, which has to be below line 3"),
        ("COPY a /app\nRUN useradd app && chown -R app:app /app\n",
         "--chown=app:app where they are copied, which has to be below line 3"),
        (f"{MAKES}COPY --link a /app\nRUN chown -R app:app /app\n",
         "--chown with the numbers of app:app where they are copied: a COPY --link knows no names"),
        ("COPY a /app\nRUN chmod -R 755 /app\n", "--chmod=755 where they are copied"),
        ("COPY a /app\nRUN chmod -R g=u /app\n",
         "--chmod where they are copied, with the mode in digits, which folders and files then have alike"),
    ],
)  # fmt: skip
def test_the_flag_is_one_that_the_copy_takes(text: str, fix: str) -> None:
    (found,) = ask(chown_after_copy.RULE, SLIM + text)
    assert found.fix == fix


@pytest.mark.parametrize(
    ("text", "begins", "why"),
    [
        (f"{SLIM}COPY a /a\n", "USER with a number, such as 1000:1000, below", "no USER is set"),
        (f"{SLIM}COPY a /a\nUSER root\n", "USER with a number, such as 1000:1000, below", "the last USER is"),
        (f"{SLIM}{MAKES}COPY a /a\n", "USER with the number of the user that line 2 makes, below", "no USER is set"),
        ("FROM node:24-slim\nCOPY a /a\n", "USER 1000:1000, which is this base's node, below", "no USER is set"),
        ("FROM gcr.io/distroless/python3-debian12\nCOPY a /a\n",
         "USER 65532:65532, which is this base's nonroot, below", "no USER is set"),
    ],
)  # fmt: skip
def test_a_user_that_is_there_goes_before_one_of_ones_own(text: str, begins: str, why: str) -> None:
    (found,) = ask(runs_as_root.RULE, text)
    assert found.fix.startswith(begins)
    assert found.message.endswith(why)
