# Source this (`. tools/env.sh`) to use brownie, pytest, anvil and forge by hand, as the Makefile does.
CHECKOUT=$(cd "$(dirname "${BASH_SOURCE:-$0}")/.." && pwd)
export SOLCX_BINARY_PATH="$CHECKOUT/.solcx"
export PATH="$CHECKOUT/.venv/bin:$CHECKOUT/node_modules/.bin:$PATH"
