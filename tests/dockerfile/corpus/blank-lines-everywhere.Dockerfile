

   
	
FROM scratch

  

RUN a


