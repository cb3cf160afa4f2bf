FROM scratch
RUN echo ${a^^} <<EOF
