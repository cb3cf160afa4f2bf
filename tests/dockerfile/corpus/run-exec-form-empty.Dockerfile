FROM scratch
RUN []
CMD [ ]
ENTRYPOINT []
