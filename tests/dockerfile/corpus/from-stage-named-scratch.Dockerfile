FROM scratch AS scratch
ENV a=b
FROM scratch
