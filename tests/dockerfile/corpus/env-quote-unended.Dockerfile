FROM scratch
ENV a="b c
ENV d='e f
