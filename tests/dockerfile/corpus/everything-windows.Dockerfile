# escape=`
FROM mcr.example.com/windows:1 AS a
SHELL ["powershell", "-Command", "$ErrorActionPreference = 'Stop';"]
WORKDIR C:\app
COPY ["a b", "C:/c d/"]
RUN Invoke-X `
    # comment
    -Y
ENTRYPOINT ["C:\\app\\a.exe"]
