FROM scratch
COPY <<E\OF /x
a
EOF
