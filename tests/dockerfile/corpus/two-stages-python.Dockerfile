# syntax=docker/dockerfile:1
FROM python:3.12 AS build
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/cache uv sync --frozen

FROM python:3.12-slim
COPY --from=build --link /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH
USER 1000
ENTRYPOINT ["python", "-m", "app"]
