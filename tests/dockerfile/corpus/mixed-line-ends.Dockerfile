FROM scratch
RUN a
RUN b \
 c \
 d
