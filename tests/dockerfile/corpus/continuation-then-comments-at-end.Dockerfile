FROM scratch
RUN a \
# one

# two
