FROM scratch
RUN <<EOF
a
EOF 
 EOF
EOF
