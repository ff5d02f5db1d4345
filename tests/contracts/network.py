"""The node of the Brownie tests: a fresh anvil on a port of its own, so that any number of test runs can go on at once.

Brownie takes its `development` network from the user's home directory, where it has one fixed port for everything.
(Test files and conftest.py cannot do this themselves: Brownie reads the sources of whatever they import, and stumbles
over its own compiled modules.)
"""

import socket

from brownie._config import CONFIG


def use_a_port_of_our_own() -> None:
    """Redefine Brownie's `development` network for this process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    CONFIG.networks["development"] = {
        "id": "development",
        "name": "Anvil",
        "cmd": "anvil",
        "host": "http://127.0.0.1",
        "cmd_settings": {
            "port": port,
            "gas_limit": 30_000_000,
            "accounts": 10,
            "base_fee": 0,
            "evm_version": "prague",  # the first one in which calldata has a floor price (EIP-7623)
        },
    }
