FROM scratch
COPY <<EOF ${TARGET:-/x}/y
a
EOF
