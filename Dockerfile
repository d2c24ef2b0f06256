# The service and the issuer in one image; which one runs is the command's choice.
#   docker build -t licentia --build-arg COMMIT="$(git rev-parse HEAD)" .
# Node 24.19.0, for every platform. `npm run images:pin` moves the digest.
ARG NODE_IMAGE=node:24-bookworm-slim@sha256:a9f5f7c91a432850b2a8a7797adf5eadb6c733ceed61167806cee7ea7fbc29df

# The production packages alone: this layer changes with the lock file and with nothing else.
FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && mkdir -p /data && chown 1000:1000 /data

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY src ./src
COPY clients/typescript ./clients/typescript
COPY web ./web
COPY scripts/check-page.mjs scripts/write-build-info.mjs scripts/write-bundle.mjs scripts/write-data-template.mjs ./scripts/
ARG COMMIT=unknown
RUN COMMIT="$COMMIT" npm run --silent build

FROM ${NODE_IMAGE}
# Without the option Node 24 keeps four times as much space for new objects: docs/performance.md.
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=16 \
    HOST=0.0.0.0
# Node alone runs it: what installs packages has no business beside it.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    /usr/local/bin/yarn /usr/local/bin/yarnpkg
WORKDIR /app
# Root owns all of it, and user 1000 can only read it.
COPY --from=packages /app/package.json ./
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/clients/typescript/package.json ./clients/typescript/
COPY --from=build /app/clients/typescript/dist ./clients/typescript/dist
COPY docs/openapi.yaml ./docs/
# The place of the embedded databases, ./data by default: a DATABASE_URL of the image's own would rule out
# DATABASE_URL_FILE, and be the service's and the issuer's at once. Everything else may be read-only.
COPY --from=packages --chown=1000:1000 /data /data
RUN ln -s /data data && ln -s /app/dist/cli/main.js /usr/local/bin/licentia
VOLUME /data
USER 1000:1000
EXPOSE 3000
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="licentia" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$COMMIT"
ENTRYPOINT ["node"]
CMD ["dist/main.js"]
