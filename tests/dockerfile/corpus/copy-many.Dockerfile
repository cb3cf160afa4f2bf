FROM scratch
COPY a b c d ./
COPY . .
COPY *.py /x/
