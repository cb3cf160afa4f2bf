FROM scratch
HEALTHCHECK --interval=5m --timeout=3s --start-period=1m --start-interval=1s --retries=3 CMD curl -f x || exit 1
HEALTHCHECK CMD ["a", "b"]
HEALTHCHECK NONE
HEALTHCHECK none
