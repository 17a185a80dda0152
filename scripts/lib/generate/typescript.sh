# Sourced by scripts/generate, which documents these variables.
needs=(node npm)
service_config=clients/typescript/src/gen/service_config.ts
generated=(clients/typescript/src/gen/localdial clients/typescript/src/gen/google)
# No npm package provides google.rpc's error details for this runtime.
also=(google/rpc/error_details.proto)

# The plugin is pinned in its own package because the client does not depend on it.
install_plugins() {
    cp scripts/lib/generate/typescript/package.json scripts/lib/generate/typescript/package-lock.json "$1"
    npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --silent
    ln -s ../node_modules/.bin/protoc-gen-es "$1/bin/protoc-gen-es"
}
