FROM scratch
ADD --checksum=sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb https://example.com/a.tgz /a
ADD --keep-git-dir=true https://example.com/r.git#v1 /r
