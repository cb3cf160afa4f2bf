FROM scratch # not a comment
