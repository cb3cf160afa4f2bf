FROM scratch
RUN --mount="type=cache,target=/a b" a
RUN --mount='type=cache',target=/c b
RUN --mount=type=cache,\"target=/d,e\" c
