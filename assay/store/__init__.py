"""Where blobs are kept: by content id, and verified whenever they are read.

base      what a store is
local     a folder
http      another's store, over HTTP
kubo      an IPFS network, through a Kubo node
remote    any URL that fsspec knows
client    what those over HTTP share
layered   a near store before a far one
location  a store by its URL or path
server    a folder, served over HTTP
"""
