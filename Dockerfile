# The service and the issuer in one image; which one runs is the command's choice.
#   docker build -t licentia --build-arg COMMIT="$(git rev-parse HEAD)" .
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY src ./src
COPY scripts/write-build-info.mjs ./scripts/
ARG COMMIT=unknown
RUN COMMIT="$COMMIT" npm run --silent build && npm prune --omit=dev && mkdir -p /data && chown 1000:1000 /data

FROM ${NODE_IMAGE}
ENV NODE_ENV=production \
    HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY docs/openapi.yaml ./docs/
# The place of the embedded databases, ./data by default: a DATABASE_URL of the image's own would rule out
# DATABASE_URL_FILE, and be the service's and the issuer's at once. Everything else may be read-only.
COPY --from=build --chown=1000:1000 /data /data
RUN ln -s /data data
VOLUME /data
USER 1000:1000
EXPOSE 3000
ENTRYPOINT ["node"]
CMD ["dist/main.js"]
