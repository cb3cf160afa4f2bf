FROM scratch
COPY "a b" c
COPY 'd' e
