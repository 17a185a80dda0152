# Sourced by scripts/generate, which documents these variables.
needs=()
service_config=clients/python/localdial_client/service_config.json
generated=(clients/python/localdial/v1)

# requirements/generate.txt pins the plugins together with buf.
install_plugins() { :; }
