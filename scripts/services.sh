#!/usr/bin/env bash
# Installs what the tests use beside Python and Rust, PostgreSQL, PgBouncer, Redis and Chromium, where that is possible
# without asking: as root, with apt-get. Elsewhere it says what is missing and succeeds, for the tests then skip what they
# cannot run; with BOLT_REQUIRE_SERVICES=1 it fails.
set -euo pipefail

missing() {
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || echo postgresql
    PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin" command -v pgbouncer >/dev/null || echo pgbouncer
    command -v redis-server >/dev/null || echo redis-server
    command -v chromium chromium-browser google-chrome >/dev/null || echo chromium
}

no_cluster=/etc/postgresql-common/createcluster.d/bolt-no-cluster.conf

# Runs in a shell of its own. The tests start servers of their own: the packages shall neither make a cluster nor
# start anything, which invoke-rc.d does not at run level 1.
install() {
    trap 'rm -f "$no_cluster"' EXIT
    mkdir -p "${no_cluster%/*}"
    echo 'create_main_cluster = false' >"$no_cluster"
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    local apt=(apt-get -qq -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o DPkg::Lock::Timeout=120)
    "${apt[@]}" update || return
    # Each by itself: what one system calls otherwise (Ubuntu has no chromium) is no reason to do without the others.
    local package failed=0
    for package; do
        "${apt[@]}" install --yes --no-install-recommends "$package" || failed=1
    done
    return "$failed"
}

# One test runs it; nothing else needs Go.
if command -v go >/dev/null && [[ ! -x "$(go env GOPATH)/bin/h2spec" ]] && ! command -v h2spec >/dev/null; then
    GOFLAGS=-mod=mod timeout 120 go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible >/dev/null 2>&1 ||
        echo "not installed: h2spec (its test is skipped)" >&2
fi

wanted="$(missing)"
[[ -n "$wanted" ]] || exit 0

if [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null; then
    # shellcheck disable=SC2086  # One word a package.
    if ! output="$(install $wanted 2>&1 </dev/null)"; then
        printf '%s\n' "$output" | tail -5 >&2
    fi
    wanted="$(missing)"
    [[ -n "$wanted" ]] || exit 0
fi

echo "not installed:" $wanted "(tests that need it are skipped; install it with your system's packages)" >&2
[[ "${BOLT_REQUIRE_SERVICES:-}" != 1 ]]
