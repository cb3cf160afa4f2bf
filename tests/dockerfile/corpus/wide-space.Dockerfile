FROM scratch
LABEL a=b　c=d
　RUN x　
ENV A=b
