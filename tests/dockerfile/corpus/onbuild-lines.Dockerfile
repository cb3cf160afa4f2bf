FROM scratch
ONBUILD RUN a \
  # c
  b
ONBUILD \
  RUN x
