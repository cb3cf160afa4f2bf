FROM scratch
RUN [ -f x ] && y
RUN [[ a == b ]]
