# The operator as one bundle, on a base without a shell and without a package manager. Both base images can be pinned:
#   --build-arg RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13@sha256:…
# `npm run image` builds it and checks its size; docs/releasing.md says how it is released.
ARG BUILD_IMAGE=docker.io/library/node:24-trixie-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot

# What is built is the same for every platform, so that it is built on the builder's own.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY .npmrc package.json package-lock.json ./
# A registry of your own: --secret id=npmrc,src=$HOME/.npmrc. A secret is in no layer.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --ignore-scripts --no-audit --no-fund
COPY scripts scripts
COPY src src
RUN node scripts/build.ts

FROM ${RUNTIME_IMAGE}
ARG RUNTIME_IMAGE
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="codemie-git-operator" \
      org.opencontainers.image.description="Kubernetes operator that gives CodeMie its Git credentials from manifests" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${RUNTIME_IMAGE}"
COPY LICENSE /app/
COPY --from=build /src/dist/ /app/
ENV NODE_ENV=production
# By number, so that kubelet can tell that it is not root.
USER 65532:65532
WORKDIR /app
EXPOSE 8080 8081
# The flags are those of scripts/build/node-flags.ts.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=2", "--optimize-for-size", "--disable-sigusr1", "/app/main.mjs"]
