FROM scratch
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN a | b
SHELL powershell
SHELL []
