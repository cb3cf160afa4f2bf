FROM scratch
COPY <<EOF /x
one
	two
EOF
RUN y
