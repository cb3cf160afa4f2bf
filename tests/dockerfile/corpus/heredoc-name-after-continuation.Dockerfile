FROM scratch
RUN cat \
 <<EOF \
 > x
a
EOF
