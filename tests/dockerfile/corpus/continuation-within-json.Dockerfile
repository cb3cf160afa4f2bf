FROM scratch
CMD ["a", \
  "b", \
# comment
  "c"]
