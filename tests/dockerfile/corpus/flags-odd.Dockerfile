FROM scratch
COPY --link=false --=x ---a=b --from= --chown="a"'b' c d
