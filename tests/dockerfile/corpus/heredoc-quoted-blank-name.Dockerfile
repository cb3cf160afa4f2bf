FROM scratch
COPY <<"E F" /x
a
E F
