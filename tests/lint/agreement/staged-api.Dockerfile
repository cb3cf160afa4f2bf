# A Python service in stages: what its final stage keeps is seen by those alone who follow stages.
FROM python:3.12-slim-bookworm AS base
WORKDIR /srv/api
ENV INSTALLER_VERSION=0.8.9
RUN pip install --no-cache-dir uv==${INSTALLER_VERSION}

FROM base AS dependencies
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc g++ libc-dev libffi-dev libgmp-dev libmpfr-dev
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev

FROM base AS final
ENV LANG=C.UTF-8
ENV VIRTUAL_ENV=/srv/api/.venv
ENV PATH="${VIRTUAL_ENV}/bin:${PATH}"
ENV TOKEN_CACHE_DIR=/srv/api/.tokens
ARG APP_UID=1001
RUN groupadd -r -g ${APP_UID} service \
    && useradd -r -u ${APP_UID} -g ${APP_UID} -s /bin/bash service
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl gnupg \
    && mkdir -p /etc/apt/keyrings \
    && curl -fsSL https://node.example/release.gpg.key | gpg --dearmor -o /etc/apt/keyrings/node.gpg \
    && echo "deb [signed-by=/etc/apt/keyrings/node.gpg] https://node.example/node_22.x stable main" \
        > /etc/apt/sources.list.d/node.list \
    && apt-get update \
    && apt-get install -y --no-install-recommends \
        # a script of the text extraction calls it
        nodejs=22.11.0-1nodesource1 \
        # arithmetic
        libgmp-dev libmpfr-dev libmpc-dev \
        expat zlib1g=1:1.2.13.dfsg-1 \
        fonts-noto-cjk media-types libmagic1 \
    && apt-get autoremove -y \
    && rm -rf /var/lib/apt/lists/*
COPY --from=dependencies ${VIRTUAL_ENV} ${VIRTUAL_ENV}
RUN mkdir -p /srv/api/.tokens && chown -R service:service /srv/api/.tokens
COPY . /srv/api/
COPY docker/entrypoint.sh /entrypoint.sh
RUN chmod +x /entrypoint.sh
ARG COMMIT_SHA
ENV COMMIT_SHA=${COMMIT_SHA}
USER service
ENTRYPOINT ["/bin/bash", "/entrypoint.sh"]
