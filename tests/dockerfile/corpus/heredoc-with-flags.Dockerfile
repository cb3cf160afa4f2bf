FROM scratch
RUN --mount=type=cache,target=/x <<EOF
a
EOF
