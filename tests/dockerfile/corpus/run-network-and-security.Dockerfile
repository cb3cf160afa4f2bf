FROM scratch
RUN --network=none --security=insecure a
