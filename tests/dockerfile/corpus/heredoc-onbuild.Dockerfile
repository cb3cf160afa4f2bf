FROM scratch
ONBUILD RUN <<EOF
a
EOF
ONBUILD COPY <<-'X' /y
	b
	X
