FROM scratch
ENV --a b=c
CMD --a b
USER --x y
WORKDIR --z /a
LABEL --l a=b
