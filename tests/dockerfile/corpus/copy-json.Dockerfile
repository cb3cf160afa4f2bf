FROM scratch
COPY ["a b", "c", "/d e/"]
ADD ["f", "g"]
