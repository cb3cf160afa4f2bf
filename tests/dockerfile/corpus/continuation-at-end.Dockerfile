FROM scratch
RUN a \
