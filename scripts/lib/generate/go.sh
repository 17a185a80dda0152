# Sourced by scripts/generate, which documents these variables.
needs=(go)
service_config=clients/go/service_config.json
generated=(clients/go/localdialv1)

# The plugins are pinned in their own module because the client does not depend on them.
install_plugins() {
    GOBIN=$1/bin go -C scripts/lib/generate/go install tool
}
