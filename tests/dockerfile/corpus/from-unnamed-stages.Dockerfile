FROM scratch
FROM scratch
COPY --from=0 a b
COPY --from=1 a b
