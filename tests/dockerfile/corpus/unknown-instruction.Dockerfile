FROM scratch
INCLUDE other
RUN a
