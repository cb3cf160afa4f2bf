FROM scratch
RUN <<EOF
set -e
echo a
EOF
RUN b
