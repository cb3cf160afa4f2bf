FROM scratch
RUN <<EOF
#!/usr/bin/env python
print(1)
EOF
