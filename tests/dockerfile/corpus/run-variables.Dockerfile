FROM scratch
RUN echo $A ${A} ${A:-b} "$A" '$A' \$A $(b) `c` ${A//b/c} ${A^^} ${#A}
