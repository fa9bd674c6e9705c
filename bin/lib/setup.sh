# Sourced by the commands in bin: the shared set-up, so that each of them works on a fresh checkout.
# What it has to say goes to stderr, because stdout may be somebody's JSON.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

say() { printf '%s\n' "$*" >&2; }

require_node() {
  local found
  if ! command -v node >/dev/null; then
    say "Rollcall needs Node 20.18 or later, and finds no node on the PATH. Install it from https://nodejs.org"
    exit 1
  fi
  found=$(node -p 'process.versions.node')
  if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
                process.exit(major > 20 || (major === 20 && minor >= 18) ? 0 : 1)'; then
    say "Rollcall needs Node 20.18 or later; $(command -v node) is $found"
    exit 1
  fi
}

# The stamp tells an install that ended from one that was cut off, and notices a lock file that has moved on.
are_packages_installed() {
  [ -f node_modules/.package-lock.json ] && [ "$(cat "$stamp" 2>/dev/null)" = "$lock" ]
}

install_packages() {
  local stamp=node_modules/.rollcall-lock lock output
  [ -f src/main.ts ] || return 0 # A built tree brings its packages along.
  lock=$(cksum <package-lock.json)
  if are_packages_installed; then return 0; fi
  # Two that start at once would take each other's packages away.
  exec 9<package-lock.json
  if command -v flock >/dev/null; then flock 9; fi
  if are_packages_installed; then
    exec 9<&-
    return 0
  fi
  say "Installing packages (once, and after each change of package-lock.json) ..."
  if ! output=$(npm ci --include=dev --no-audit --no-fund 2>&1); then
    say "$output"
    say "npm could not install the packages; see above. It needs the network, or a filled npm cache."
    exit 1
  fi
  printf '%s\n' "$lock" >"$stamp"
  exec 9<&-
}

# Only a checkout of its own: a copy inside somebody else's repository must leave that one alone.
use_git_hooks() {
  [ -e .git ] && [ -d .githooks ] && command -v git >/dev/null || return 0
  [ "$(git config core.hooksPath 2>/dev/null)" = .githooks ] || git config core.hooksPath .githooks 2>/dev/null || true
}

# A request's objects die young, and 64 requests at once are more than Node's default of 16 MiB for the young holds: a
# larger space is collected half as often.
NODE_MEMORY=--max-semi-space-size=32

# run_node src/main.ts ...: the source where there is one, else what was built from it. Never returns: signals
# must reach node itself, not a shell in between.
run_node() {
  local program=$1
  shift
  if [ ! -e "$program" ] && [ -f "dist/${program%.ts}.js" ]; then exec node "$NODE_MEMORY" "dist/${program%.ts}.js" "$@"; fi
  exec node "$NODE_MEMORY" --import tsx "$program" "$@"
}

require_node
install_packages
use_git_hooks
