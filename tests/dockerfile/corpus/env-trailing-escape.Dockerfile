FROM scratch
ENV a=b\\\
RUN x
