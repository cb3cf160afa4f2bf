# escape=`
FROM scratch
WORKDIR C:\app
RUN dir `
  /s
COPY a `
 b
