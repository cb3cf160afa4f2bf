FROM scratch
ENTRYPOINT ["a", "b"]
CMD ["c"]
ENTRYPOINT exec a $b
CMD c d
