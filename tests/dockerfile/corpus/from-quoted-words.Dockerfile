FROM "scratch"
FROM 'scratch' AS x
