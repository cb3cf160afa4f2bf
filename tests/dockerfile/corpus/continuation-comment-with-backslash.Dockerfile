FROM scratch
RUN a \
# one \
  b
