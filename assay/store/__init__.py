"""Where blobs are kept: by content id, and verified whenever they are read.

base      what a store is
local     a folder
http      another's store, over HTTP
layered   a near store before a far one
location  a store by its URL or path
server    a folder, served over HTTP
"""
