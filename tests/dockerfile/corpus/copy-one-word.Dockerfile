FROM scratch
COPY a
ADD ["a"]
