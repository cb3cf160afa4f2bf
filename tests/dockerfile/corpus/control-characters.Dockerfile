FROM scratch
RUN a  b
CMD ["a"]
LABEL a=bc
