FROM scratch
COPY ["\ud800", "/x"]
