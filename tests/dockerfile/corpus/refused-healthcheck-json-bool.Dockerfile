FROM scratch
HEALTHCHECK CMD ["a", true]
