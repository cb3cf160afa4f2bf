FROM scratch
COPY ["a", {"b": 1}]
