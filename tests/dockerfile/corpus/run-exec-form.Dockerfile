FROM scratch
RUN ["a", "-b", "c d"]
RUN [ "a" ]
RUN  ["a"]  
