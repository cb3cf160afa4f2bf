FROM	scratch
COPY	a	 	b
ENV	a	b	c
