FROM scratch
COPY <<A <<A /x/
1
A
2
A
