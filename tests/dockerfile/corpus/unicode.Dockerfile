FROM scratch
LABEL über="grün ☃" 名="前"
RUN echo 'é😀'
COPY ["ä b", "/ö"]
