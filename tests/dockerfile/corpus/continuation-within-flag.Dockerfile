FROM scratch
RUN --mount=type=cache,\
target=/x \
 --network=none a
