FROM scratch
RUN echo éÿ
LABEL a="ü"
COPY ["ä", "/"]
