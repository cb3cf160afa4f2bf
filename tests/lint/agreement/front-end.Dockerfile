# A Next.js front end in stages.
FROM node:22-alpine3.21 AS base
RUN apk add --no-cache tzdata
RUN corepack enable
ENV STORE=/pnpm
ENV NEXT_PUBLIC_BASE_PATH=""

FROM base AS packages
WORKDIR /srv/web
COPY package.json pnpm-lock.yaml ./
RUN pnpm install --no-frozen-lockfile

FROM base AS builder
WORKDIR /srv/web
COPY --from=packages /srv/web/ .
COPY . .
RUN pnpm build

FROM base AS production
ENV NODE_ENV=production
WORKDIR /srv/web
COPY --from=builder /srv/web/public ./public
COPY --from=builder /srv/web/.next/standalone ./
COPY docker/pm2.json .
RUN npm install -g pm2 && mkdir /.pm2 && chown -R 1001:0 /.pm2 /srv/web && chmod -R g=u /.pm2 /srv/web
ARG COMMIT_SHA
ENV COMMIT_SHA=${COMMIT_SHA}
USER 1001
CMD pm2-runtime pm2.json
