ARG A=1 \
 B=2
FROM \
 scratch \
 AS \
 x
LABEL a=b \
 c=d
EXPOSE 80 \
 90
USER \
 x
WORKDIR \
 /x
VOLUME /a \
 /b
