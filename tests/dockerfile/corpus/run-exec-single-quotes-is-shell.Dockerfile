FROM scratch
RUN ['a', 'b']
CMD ['a']
