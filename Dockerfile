# One image for every role: ROLES says which parts a process runs, and `bin/rollcall` is in it as well.

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages are the embedded Postgres and what only tests and development use.
RUN npm ci --omit=optional --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY tools ./tools
RUN npm run build && npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:22-bookworm-slim
# The C library keeps for good what ten thousand TLS connections took; this allocator uses it again (bench/README.md).
RUN apt-get update && apt-get install --yes --no-install-recommends libjemalloc2 && rm -rf /var/lib/apt/lists/*
ENV LD_PRELOAD=libjemalloc.so.2
# Who runs it elsewhere than by compose or chart has a balancer in front as well.
ENV NODE_ENV=production HOST=0.0.0.0 SHUTDOWN_DELAY_SECONDS=5
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY migrations ./migrations
COPY examples ./examples
COPY bin ./bin
USER node
EXPOSE 8080 8081 9464
# A process without the api is alive while it answers for its metrics. It asks itself, under whatever name its certificate is for.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "const { ROLES = '', API_PORT, METRICS_PORT } = process.env; \
    const api = ROLES === '' || ROLES.includes('api'); \
    const scheme = api && process.env.TLS_CERT_FILE ? 'https' : 'http'; \
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; \
    const path = api ? `${API_PORT || 8080}/health/live` : `${METRICS_PORT || 9464}/metrics`; \
    fetch(`${scheme}://127.0.0.1:${path}`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=32", "dist/src/main.js"]
