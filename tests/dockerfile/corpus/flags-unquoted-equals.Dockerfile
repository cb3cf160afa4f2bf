FROM scratch
COPY --chown=a=b=c d e
