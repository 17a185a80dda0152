# Sourced by scripts/generate, which says what these are.
needs=()
service_config=clients/python/localdial_client/service_config.json
generated=(clients/python/localdial/v1)

# The plugins are in requirements/generate.txt, beside the buf that runs them all.
install_plugins() { :; }
