FROM scr\
atch
ENV a=b\
c d\
=e
