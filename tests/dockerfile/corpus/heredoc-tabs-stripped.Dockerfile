FROM scratch
RUN <<-EOF
		echo a
	  b
	EOF
RUN x
