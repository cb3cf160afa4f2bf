FROM scratch
CMD ["a\x"]
CMD ["C:\app"]
