FROM scratch
RUN cat <<EOF >/x && cat /x
a
EOF
