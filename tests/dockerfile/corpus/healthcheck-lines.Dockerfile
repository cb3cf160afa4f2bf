FROM scratch
HEALTHCHECK --interval=1s \
  CMD \
  a \
  b
