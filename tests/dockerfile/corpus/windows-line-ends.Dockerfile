FROM scratch
RUN a \
  && b

# comment
CMD ["x"]
