FROM scratch
ENV a b
ENV c   d  e
ENV f "g h"
ENV g h=i
