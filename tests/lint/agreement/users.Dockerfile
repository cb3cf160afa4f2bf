# Users by name, commands twice, questions that nobody answers.
ARG RELEASE=1.4
FROM debian:bookworm-slim AS unpacked
RUN apt-get update && apt-get install curl && rm -rf /var/lib/apt/lists/*
RUN curl -fsSL https://dl.example/app-${RELEASE}.tar.gz | tar xz -C /opt

FROM debian:bookworm-slim
RUN useradd --uid 1001 --create-home runner
COPY --from=unpacked /opt/app /opt/app
ENV DB_PASSWORD=hunter2hunter2
USER root
RUN apt-get update && apt-get install -y libpq5 && rm -rf /var/lib/apt/lists/*
HEALTHCHECK CMD /opt/app/bin/check
CMD ["/opt/app/bin/migrate"]
CMD ["/opt/app/bin/serve"]
USER runner
