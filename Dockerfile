# Porchlight as an image, for amd64 and arm64: `docker build -t porchlight .`
# deploy/compose.yaml shows how to run it; test/deploy/dockerfile-steps.sh runs these steps without an engine.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
# better-sqlite3 is compiled here, against the headers of the image: nothing but packages is fetched.
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV npm_config_nodedir=/usr/local npm_config_build_from_source=true npm_config_update_notifier=false
COPY package.json package-lock.json .npmrc ./
# Install scripts: the one that package.json allows, by name.
RUN npm ci --ignore-scripts && npm rebuild better-sqlite3
COPY tsconfig.json ./
COPY appliance ./appliance
COPY web ./web
COPY mibs ./mibs
COPY deploy ./deploy
RUN npm run --silent build && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/build/Release/obj*

FROM ${NODE_IMAGE}
# fping sends pings, openssl makes certificates, iproute2 lists neighbours. Without npm there is less to update.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates fping iproute2 libcap2-bin openssl \
  && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx \
  && chmod u-s /usr/bin/fping \
  && setcap cap_net_raw+ep /usr/bin/fping \
  && setcap cap_net_bind_service+ep /usr/local/bin/node \
  && groupadd --system --gid 10001 porchlight \
  && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin porchlight \
  && mkdir /data /config && chown 10001:10001 /data && chmod 750 /data
WORKDIR /app
COPY --from=build /app/package.json ./package.json
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/build ./build
ENV NODE_ENV=production
# /config holds porchlight.yaml, when there is one, and is only read. /data is all that is written.
WORKDIR /config
VOLUME /data
USER 10001:10001
EXPOSE 8080 8443 1883 8883 162/udp
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "/app/build/deploy/healthcheck.mjs"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/build/appliance/main.js"]
CMD ["run", "--data", "/data", "--last-good"]
