FROM scratch
COPY <<a.txt <<'b.txt' c /d/
one
a.txt
two $x
b.txt
