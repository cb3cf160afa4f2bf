FROM scratch
WORKDIR /x
