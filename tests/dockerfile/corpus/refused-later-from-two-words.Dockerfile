FROM scratch AS
FROM a b
