FROM scratch
RUN <<EOF
a
