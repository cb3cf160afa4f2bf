FROM scratch
COPY <<EOF /etc/x
a=$b
EOF
