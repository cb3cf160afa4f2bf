FROM scratch
CMD ["a", "a", ""]
