FROM scratch
  RUN a \
    # c
    b
  CMD x
