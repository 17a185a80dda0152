# Sourced by scripts/generate, which documents these variables. There is no client of this name: the plugin
# generates the JSON Schemas that scripts/lib/openapi.py puts into the OpenAPI description.
needs=(go)

install_plugins() {
    GOBIN=$1/bin go -C scripts/lib/generate/openapi install tool
}
