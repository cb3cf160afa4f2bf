# escape=`
FROM scratch
ENV a=b` c d="e`"f" g=C:\h\
RUN x
