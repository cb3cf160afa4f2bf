FROM scratch
RUN <<ONE cat && <<TWO cat
a
ONE
b
TWO
