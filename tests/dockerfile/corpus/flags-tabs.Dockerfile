FROM scratch
RUN	--network=none	--security=sandbox	a
