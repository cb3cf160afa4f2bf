FROM scratch
COPY <<E"O"F /x
$a
EOF
