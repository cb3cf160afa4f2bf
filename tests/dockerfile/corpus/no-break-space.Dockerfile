FROM scratch
RUN a b
LABEL a=b c=d
COPY a b c
