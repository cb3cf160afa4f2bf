# A Python service as it is often begun: sources first, owners last, what was needed for a moment kept.
FROM python:latest
WORKDIR /srv
COPY . .
RUN apt-get update
RUN apt-get install -y curl build-essential libpq-dev
RUN pip install -r requirements.txt
RUN pip install gunicorn
RUN curl -fsSL https://models.example/weights.bin -o /srv/weights.bin
RUN rm -rf /var/lib/apt/lists/* /srv/weights.bin
RUN chown -R 1000:1000 /srv
EXPOSE 8000
CMD gunicorn --bind 0.0.0.0:8000 service:app
