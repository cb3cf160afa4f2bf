# unknown=value
# escape=`
FROM scratch
RUN a \
 b
