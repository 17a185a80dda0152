# Sourced by scripts/generate, which documents these variables.
needs=(java mvn)
service_config=clients/java/src/main/resources/org/localdial/client/service_config.json
generated=(clients/java/src/generated/java/org/localdial/v1)

# The oldest protobuf-java and grpc-java that the client supports. Generated code runs on these and on
# every later release of the same major version, but on no older one.
protobuf=4.33.5
grpc_java=1.82.1
maven_dependency_plugin=3.8.1

# get FOLDER NAME GROUP:ARTIFACT:VERSION: downloads a program from Maven's repository to FOLDER/bin/NAME.
get() {
    local system machine
    case "$(uname -s)" in
        Linux) system=linux ;;
        Darwin) system=osx ;;
        *) echo "$3 is not made for $(uname -s)" >&2; return 1 ;;
    esac
    case "$(uname -m)" in
        x86_64) machine=x86_64 ;;
        aarch64 | arm64) machine=aarch_64 ;;
        *) echo "$3 is not made for $(uname -m)" >&2; return 1 ;;
    esac
    mvn -B -q "org.apache.maven.plugins:maven-dependency-plugin:$maven_dependency_plugin:copy" \
        -Dartifact="$3:exe:$system-$machine" -DoutputDirectory="$1/download" </dev/null
    mv "$1"/download/*.exe "$1/bin/$2"
    chmod +x "$1/bin/$2"
    rmdir "$1/download"
}

install_plugins() {
    get "$1" protoc "com.google.protobuf:protoc:$protobuf"
    get "$1" protoc-gen-grpc-java "io.grpc:protoc-gen-grpc-java:$grpc_java"
}
