FROM scratch
LABEL org.opencontainers.image.title="A b" version=1
LABEL a b c
LABEL "com.example/x"="y"
