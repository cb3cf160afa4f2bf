ARG a
ARG b=c
ARG d="e f" g h='i'
ARG j=
FROM scratch
ARG a b=$a c=\ d
