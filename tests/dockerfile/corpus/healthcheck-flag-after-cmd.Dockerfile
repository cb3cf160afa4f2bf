FROM scratch
HEALTHCHECK CMD --interval=5m a
