RUN a
FROM scratch
