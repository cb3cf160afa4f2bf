FROM scratch
RUN a \
# one
  # two
	#three
  b
