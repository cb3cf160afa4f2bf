FROM scratch
CMD [1e999]
CMD ["a", NaN]
CMD ["a", 01]
