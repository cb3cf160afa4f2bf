FROM scratch
INCLUDE --a=b --c d
&& ls
