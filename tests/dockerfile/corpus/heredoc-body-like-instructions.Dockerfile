FROM scratch
COPY <<EOF /Dockerfile
FROM a
# comment
RUN b \
  c

EOF
CMD d
