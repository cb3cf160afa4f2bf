FROM scratch
RUN cat <<<word
RUN cat <<<"a b"
