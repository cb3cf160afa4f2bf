FROM scratch
ſHELL ["a"]
uſer x
