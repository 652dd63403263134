#!/usr/bin/env bash
# Installs the real parts that the tests and the demo run against into this folder, each at its pinned version.
#   install.sh [PART...]           install what is missing or out of date, of all parts or of these
#   install.sh --check [PART...]   install nothing; say what is missing or out of date, and fail
set -euo pipefail
cd "$(dirname "$0")"
# Debian keeps haproxy where the PATH of people does not look.
PATH=$PATH:/usr/sbin

all_parts=(oauth2_proxy go_oidc manifest_parts node_parts python_parts debian_parts systemd_analyze)
# Nothing but what they are named after wants these: they are installed when they are asked for.
more_parts=(graphviz cargo_fuzz cargo_mutants mold image_parts api_server assistant_parts)
go_oidc_source=../conformance/parts/go_oidc.go

main() {
    local what=install part
    if [ "${1:-}" = --check ]; then what=check; shift; fi
    [ $# -gt 0 ] || set -- "${all_parts[@]}"
    for part; do
        [[ " ${all_parts[*]} ${more_parts[*]} " = *" $part "* ]] \
            || fail "usage: install.sh [--check] [PART...], of ${all_parts[*]} ${more_parts[*]}"
    done
    "$what" "$@"
}

install() {
    local part
    for part; do
        "current_$part" || "install_$part"
    done
}

check() {
    local part missing=""
    for part; do
        "current_$part" || missing+=" $part"
    done
    [ -z "$missing" ] || fail "the test tools are missing or out of date: run \`tests/tools/install.sh$missing\`."
}

current_oauth2_proxy() { [ -x bin/oauth2-proxy ] && stamped go go.mod go.sum; }

install_oauth2_proxy() {
    need go "Go 1.26 or later" "to build oauth2-proxy"
    local module=github.com/oauth2-proxy/oauth2-proxy/v7 version
    version=$(go list -m -f '{{.Version}}' "$module")
    echo "tests/tools: building oauth2-proxy $version (one to two minutes the first time)"
    CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "-s -w -X $module/pkg/version.VERSION=$version" \
        -o bin/oauth2-proxy "$module"
    stamp go go.mod go.sum
}

current_go_oidc() { [ -x bin/go-oidc ] && stamped go-oidc go.mod go.sum "$go_oidc_source"; }

install_go_oidc() {
    need go "Go 1.26 or later" "to build the verifier on go-oidc"
    echo "tests/tools: building the verifier on go-oidc (a few seconds)"
    CGO_ENABLED=0 go build -mod=readonly -trimpath -o bin/go-oidc "$go_oidc_source"
    stamp go-oidc go.mod go.sum "$go_oidc_source"
}

# Their own module: oauth2-proxy keeps the dependencies of its release.
manifest_sources=(manifests/go.mod manifests/go.sum ../compose/parts/compose.go)

current_manifest_parts() { [ -x bin/kustomize ] && [ -d bin/crds ] && stamped manifests "${manifest_sources[@]}"; }

install_manifest_parts() {
    need go "Go 1.26 or later" "to build kustomize and the reader of compose files"
    echo "tests/tools: building kustomize and the reader of compose files (about a minute the first time)"
    rm -rf bin/crds && mkdir -p bin/crds
    (
        cd manifests
        export CGO_ENABLED=0
        go build -mod=readonly -trimpath -o ../bin/kustomize sigs.k8s.io/kustomize/kustomize/v5
        go build -mod=readonly -trimpath -o ../bin/compose ../../compose/parts/compose.go
        crd sigs.k8s.io/gateway-api config/crd/standard/gateway.networking.k8s.io_httproutes.yaml
        crd github.com/prometheus-operator/prometheus-operator \
            example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml
    )
    stamp manifests "${manifest_sources[@]}"
}

# A module's own definition of a kind that Kubernetes does not know by itself.
crd() {
    go mod download "$1"
    cat "$(go list -m -f '{{.Dir}}' "$1")/$2" >"../bin/crds/${2##*/}"
}

current_node_parts() { [ -x node_modules/.bin/node ] && stamped node package.json package-lock.json; }

install_node_parts() {
    need node "Node.js with npm" "to install the provider, the MCP clients and their own Node"
    need npm "npm" "to install the provider, the MCP clients and their own Node"
    echo "tests/tools: installing the Node parts (about 15 seconds)"
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    [ -x node_modules/.bin/node ] || link_own_node
    stamp node package.json package-lock.json
}

# The lock file carries Node for Linux alone; elsewhere the machine's own has to do.
link_own_node() {
    local major
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 22 ] || fail "Node.js 22 or later is needed on this platform, and node is version $major."
    ln -s "$(command -v node)" node_modules/.bin/node
}

current_assistant_parts() {
    [ -d assistants/node_modules/code-server/lib/vscode/node_modules ] \
        && stamped assistants assistants/package.json assistants/package-lock.json
}

install_assistant_parts() {
    install node_parts
    echo "tests/tools: installing the assistants (two gigabytes, about a minute)"
    (
        export PATH=$PWD/node_modules/.bin:$PATH
        cd assistants
        npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
        # What their own installations do beside; VS Code has a lock file of its own.
        node node_modules/@anthropic-ai/claude-code/install.cjs
        ln -sf ../opencode-linux-x64/bin/opencode node_modules/.bin/opencode
        cd node_modules/code-server/lib/vscode
        npm install --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
    )
    stamp assistants assistants/package.json assistants/package-lock.json
}

current_python_parts() { [ -x .venv/bin/python ] && stamped python requirements.txt; }

install_python_parts() {
    need python3 "Python 3.10 or later" "to run the MCP server of the tests"
    echo "tests/tools: installing the Python parts (about 20 seconds)"
    rm -rf .venv
    python3 -m venv .venv || fail "python3 cannot make a virtual environment: on Debian install the package python3-venv."
    .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
    stamp python requirements.txt
}

cargo_fuzz_version=0.13.2

current_cargo_fuzz() { [ "$(bin/cargo-fuzz --version 2>/dev/null)" = "cargo-fuzz $cargo_fuzz_version" ]; }

install_cargo_fuzz() {
    need cargo "cargo" "to build cargo-fuzz"
    need c++ "a C++ compiler" "to build libFuzzer"
    echo "tests/tools: building cargo-fuzz $cargo_fuzz_version (about a minute the first time)"
    cargo install cargo-fuzz --version "=$cargo_fuzz_version" --locked --no-track --force --quiet --root .
}

cargo_mutants_version=27.1.0

current_cargo_mutants() { [ "$(bin/cargo-mutants mutants --version 2>/dev/null)" = "cargo-mutants $cargo_mutants_version" ]; }

install_cargo_mutants() {
    need cargo "cargo" "to build cargo-mutants"
    echo "tests/tools: building cargo-mutants $cargo_mutants_version (about two minutes the first time)"
    cargo install cargo-mutants --version "=$cargo_mutants_version" --locked --no-track --force --quiet --root .
}

api_server_sources=(apiserver/go.mod apiserver/go.sum apiserver/etcd.go)

current_api_server() {
    [ -x bin/kube-apiserver ] && [ -x bin/kubectl ] && [ -x bin/etcd ] && stamped api-server "${api_server_sources[@]}"
}

install_api_server() {
    need go "Go 1.26 or later" "to build the API server of Kubernetes, its store and kubectl"
    (
        cd apiserver
        local version
        version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
        echo "tests/tools: building the API server of Kubernetes $version, its store and kubectl (some four minutes the first time)"
        export CGO_ENABLED=0
        go build -mod=readonly -trimpath -ldflags "-s -w" -o ../bin/etcd etcd.go
        go build -mod=readonly -trimpath -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" \
            -o ../bin/ k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl
    )
    stamp api-server "${api_server_sources[@]}"
}

debian_parts=(caddy chromium faketime haproxy jq nginx openssl prometheus redis-server valgrind)

current_debian_parts() { command -v "${debian_parts[@]}" | grep -c . | grep -qx "${#debian_parts[@]}"; }

install_debian_parts() { debian "${debian_parts[@]}"; }

current_graphviz() { command -v dot >/dev/null; }

install_graphviz() { debian graphviz; }

# The judge of units comes with systemd, which need not run.
current_systemd_analyze() { command -v systemd-analyze >/dev/null; }

install_systemd_analyze() { debian systemd; }

# buildah makes the image; the others are there to try it and to sign it.
image_parts=(buildah dnsmasq jq minisign)

current_image_parts() { command -v "${image_parts[@]}" | grep -c . | grep -qx "${#image_parts[@]}"; }

install_image_parts() { debian "${image_parts[@]/dnsmasq/dnsmasq-base}"; }

# Links a test binary in a fraction of the time: for whoever builds one some hundred times.
current_mold() { command -v mold >/dev/null; }

install_mold() { debian mold; }

debian() {
    local sentence="Debian's packages $* are needed: install them."
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "$sentence"
    echo "tests/tools: installing Debian's $* (about a minute)"
    # RUNLEVEL=1 keeps the packages from starting a service.
    apt-get update -qq \
        && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            "$@" >/dev/null \
        || fail "$sentence"
}

need() { command -v "$1" >/dev/null || fail "$1 is missing: install $2 $3."; }

# A stamp holds the hash of the manifests that a part was installed from.
stamped() { local name=$1; shift; [ "$(cat ".stamp-$name" 2>/dev/null)" = "$(fingerprint "$@")" ]; }
stamp() { local name=$1; shift; fingerprint "$@" >".stamp-$name"; }
fingerprint() { cat "$@" | cksum; }

fail() { echo "tests/tools: $1" >&2; exit 1; }

main "$@"
