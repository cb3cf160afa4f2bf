# A worker on Alpine whose converter goes with the compilers.
FROM alpine
RUN apk update
RUN apk add --virtual .build ffmpeg gcc musl-dev && apk del .build
RUN cd /usr/local/src && wget https://dl.example/tool.tar.gz && tar xzf tool.tar.gz
RUN cd /usr/local/src
RUN export TOOL_HOME=/usr/local/src/tool
RUN wget -qO- https://dl.example/list | sort > /etc/tool.list
RUN wget -qO- https://dl.example/install.sh | sh
ADD https://dl.example/rules.json /etc/tool/
ADD tool.conf /etc/tool/
COPY plugins plugins
ENTRYPOINT tool --config /etc/tool/tool.conf
