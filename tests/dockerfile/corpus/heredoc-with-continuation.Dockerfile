FROM scratch
RUN <<EOF cat \
  # comment
  > /x
a
EOF
