arg a=b
from scratch as x
run a
copy a b
env a=b
cmd ["a"]
