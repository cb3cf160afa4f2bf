FROM scratch
RUN 123<<A 4<<-B cat
a
A
	b
	B
