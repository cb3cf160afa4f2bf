FROM scratch
COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/
