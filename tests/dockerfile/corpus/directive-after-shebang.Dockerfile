#!/usr/bin/env -S docker build -f
# escape=`
FROM scratch
RUN a \
 b
