\
FROM scratch
\
RUN a
