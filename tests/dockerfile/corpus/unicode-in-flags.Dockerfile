FROM scratch AS a
COPY --chown=jörg:größe a b
COPY --from=à a b
COPY --chmod="ü ä" --link a b
