FROM scratch
RUN ["a"] && b
RUN ["a"]]
