FROM scratch
ENV a=${b:-c}
ENV p=${q#*/} r=${q##*/} s=${q%.*} t=${q%%.*} u=${q/a/b} v=${q//a/b} w=${q:+x} y=${q:?z}
