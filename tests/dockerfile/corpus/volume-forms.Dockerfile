FROM scratch
VOLUME /a
VOLUME /a /b
VOLUME ["/c d", "/e"]
VOLUME $X
