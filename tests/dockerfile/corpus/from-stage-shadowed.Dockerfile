FROM scratch AS a
FROM a AS a
RUN x
FROM a
