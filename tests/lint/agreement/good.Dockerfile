# syntax=docker/dockerfile:1
# What every linter has nothing to say of.
FROM python:3.12-slim-bookworm AS build
WORKDIR /srv
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv --mount=from=ghcr.io/astral-sh/uv:0.8.9,source=/uv,target=/bin/uv \
    uv sync --locked --no-dev --no-install-project --compile-bytecode

FROM python:3.12-slim-bookworm
WORKDIR /srv
COPY --link --from=build /srv/.venv /srv/.venv
COPY --link app /srv/app
RUN python -m compileall -q --invalidation-mode unchecked-hash /srv/app
USER 1000:1000
CMD ["/srv/.venv/bin/gunicorn", "app:app"]
