#   Escape 	=  `  
FROM scratch
RUN a `
 b
