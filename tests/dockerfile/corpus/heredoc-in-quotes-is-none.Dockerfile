FROM scratch
RUN echo "<<EOF" '<<EOF'
