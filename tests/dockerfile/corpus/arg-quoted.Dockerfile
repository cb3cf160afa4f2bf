ARG "a"
ARG 'b=c d'
FROM scratch
