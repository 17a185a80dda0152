# Sourced by scripts/generate, which says what these are.
needs=(go)
service_config=clients/go/service_config.json
generated=(clients/go/localdialv1)

# The plugins are pinned in a module of their own: the client does without them.
install_plugins() {
    GOBIN=$1/bin go -C scripts/lib/generate/go install tool
}
