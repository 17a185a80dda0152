# Makes the Python environments that the scripts run in. Sourced by them.

# find_python: prints the newest supported Python that is installed.
find_python() {
    local candidate
    for candidate in "${PYTHON-}" python3.13 python3.12 python3.11 python3; do
        if [[ -n "$candidate" ]] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "localdial needs Python 3.11 or newer; set PYTHON to one" >&2
    return 1
}

# make_environment FOLDER PIP-ARGUMENT...: makes a virtual environment with the result of
# `pip install PIP-ARGUMENT...`, unless its inputs are unchanged.
make_environment() {
    local folder=$1 stamp python
    shift
    stamp=$(cat <(printf '%s\n' "$PWD" "$@") requirements/*.txt pyproject.toml clients/python/pyproject.toml | cksum)
    if [[ -f "$folder/stamp" && "$(cat "$folder/stamp")" == "$stamp" ]]; then
        return
    fi
    python=$(find_python)
    echo "installing into $folder ..." >&2
    rm -rf "$folder"
    "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    echo "$stamp" >"$folder/stamp"
}
