FROM scratch AS a
FROM scratch
COPY --from=a --chown=1:2 --chmod=0755 --link --parents --exclude=*.md --exclude=*.txt a b/
