# one
FROM scratch
  # two
RUN a
#three
#
##
# 
CMD b
