# syntax=docker/dockerfile:1

FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags="-s -w" -o /out/threatdraft ./cmd/threatdraft
# A folder for the embedded database, and one for temporary files: the image that
# follows has no shell to make them with.
RUN mkdir -p /out/data /out/tmp && chmod 1777 /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/threatdraft /threatdraft
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/tmp /tmp
# By number, so that an orchestrator can see that it is not root.
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV THREATDRAFT_ADDR=:8080 \
    THREATDRAFT_DATABASE_URL=sqlite:/data/threatdraft.db \
    THREATDRAFT_LOG_FORMAT=json
EXPOSE 8080
# Nothing in the image can ask for /readyz; let the orchestrator do it.
ENTRYPOINT ["/threatdraft"]
CMD ["serve"]
