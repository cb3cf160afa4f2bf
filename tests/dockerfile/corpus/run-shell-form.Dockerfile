FROM scratch
RUN set -eux; a | b && c || d; e > f 2>&1 &
