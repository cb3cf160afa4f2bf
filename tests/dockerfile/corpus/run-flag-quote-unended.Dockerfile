FROM scratch
RUN --mount="type=cache a
