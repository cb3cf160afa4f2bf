FROM scratch AS b
FROM scratch
RUN --mount=type=cache,target=/cache,sharing=locked,id=x --mount=type=bind,from=b,source=/a,target=/b,rw --mount=type=secret,id=s,required --mount=type=ssh --mount=type=tmpfs,target=/t,size=1g a
