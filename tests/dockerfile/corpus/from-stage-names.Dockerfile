FROM scratch AS One
FROM one AS two-2
FROM two-2 as three_3.x
