# syntax=docker/dockerfile:1
# The service with its libraries and nothing else; Postgres is a service of its own (docker-compose.yml).
#   docker build -t shelfmark .
# Not built by the project's checks: they run where there is no container engine.

FROM rust:1.95.0-bookworm AS libtorch
# A layer of its own before the sources: half a gigabyte that changes with libtorch's version only. The set-up program
# is plain Rust without dependencies, so it is compiled without the rest of the workspace.
WORKDIR /src
# The image's toolchain is the one of rust-toolchain.toml, without the components for checks.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY xtask/src xtask/src
# SHELFMARK_POSTGRES_BIN only says that no Postgres shall be fetched: the image brings none.
RUN mkdir .cargo && touch Cargo.toml \
    && rustc --edition 2024 -O -o /usr/local/bin/xtask xtask/src/main.rs \
    && SHELFMARK_POSTGRES_BIN=/none xtask setup \
    && rm -rf /var/lib/apt/lists/*

FROM libtorch AS build
# .dockerignore keeps the host's .cargo/libtorch.toml out, so the one of the layer above stays.
COPY . .
# Without symbol tables, which only debuggers and backtraces read: 110 MB less.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    xtask console \
    && cargo build --locked --release --bin shelfmark \
    && install -D -t /opt/shelfmark/bin target/release/shelfmark \
    && install -D -m 644 -t /opt/shelfmark/lib target/release/libtorch/* \
    && strip --strip-unneeded /opt/shelfmark/bin/shelfmark /opt/shelfmark/lib/*

# glibc, libstdc++, certificates and the user `nonroot`; no shell, no package manager. Of the Debian release that the
# stages above build on.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /opt/shelfmark /opt/shelfmark
ENV PATH=/opt/shelfmark/bin:$PATH \
    SHELFMARK_LISTEN=0.0.0.0:8080
# By number, so that a cluster can see that it is not root.
USER 65532:65532
WORKDIR /home/nonroot
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s CMD ["/opt/shelfmark/bin/shelfmark", "ready"]
# With DATABASE_URL it writes no file, so the root file system may be read-only. It prints its address when it listens;
# SIGTERM makes it flush and end. Without API keys it refuses to listen here: docker-compose.yml shows how the first key
# gets in.
ENTRYPOINT ["/opt/shelfmark/bin/shelfmark"]
CMD ["serve"]
