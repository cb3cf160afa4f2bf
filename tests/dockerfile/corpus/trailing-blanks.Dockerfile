FROM scratch  	 
RUN a   
ENV a=b  	
