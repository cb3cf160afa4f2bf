FROM scratch
RUN a \

CMD b
