FROM scratch
ENV a=<<EOF
LABEL b=<<EOF
