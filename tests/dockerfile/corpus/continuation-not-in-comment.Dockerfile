# comment \
FROM scratch
RUN a
