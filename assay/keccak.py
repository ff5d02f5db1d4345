"""keccak-256, the hash of the Ethereum virtual machine (not the SHA3-256 of FIPS 202)."""

import sha3


def keccak256(data: bytes | bytearray) -> bytes:
    """The 32-byte keccak-256 of `data`."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest
