FROM scratch
RUN [null]
