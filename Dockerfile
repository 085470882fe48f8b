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
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    xtask console \
    && cargo build --locked --release --bin shelfmark \
    && install -D -t /opt/shelfmark/bin target/release/shelfmark \
    && install -D -m 644 -t /opt/shelfmark/lib target/release/libtorch/*

FROM debian:bookworm-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libstdc++6 libgcc-s1 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/shelfmark --create-home shelfmark
COPY --from=build /opt/shelfmark /opt/shelfmark
ENV PATH=/opt/shelfmark/bin:$PATH \
    SHELFMARK_LISTEN=0.0.0.0:8080
USER shelfmark
WORKDIR /var/lib/shelfmark
EXPOSE 8080
# Prints its address when it listens; SIGTERM makes it flush and end. Without API keys it refuses to listen here:
# docker-compose.yml shows how the first key gets in.
ENTRYPOINT ["shelfmark"]
CMD ["serve"]
