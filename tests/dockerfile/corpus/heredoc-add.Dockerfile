FROM scratch
ADD --chmod=755 <<EOF /x
a
EOF
