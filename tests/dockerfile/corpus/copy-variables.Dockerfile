FROM scratch
ARG D=/x
COPY ${D} $D/y "${D:-z}" ./
