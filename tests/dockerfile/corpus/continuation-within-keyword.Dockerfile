FR\
OM scratch
RU\
N a
