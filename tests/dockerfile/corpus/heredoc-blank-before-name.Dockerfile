FROM scratch
RUN cat << EOF
a
EOF
RUN cat <<- 'X Y'
	b
	X Y
