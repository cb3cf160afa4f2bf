FROM scratch
# escape=`
RUN a \
 b
