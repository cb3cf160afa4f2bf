FROM scratch
RUN a \
# between

  b
CMD x
