FROM scratch
RUN cat <<a'b
RUN x
