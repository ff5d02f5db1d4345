"""The chain, as the rest of Assay sees it. Nothing outside this package imports web3.

transport    one endpoint of a node, over HTTP or WebSocket; its faults become `TransientError`
endpoints    several as one: fail-over
node         what a node is asked for: blocks, calls, logs
deployments  where a market's contracts are, checked against the node
records      the structs of the interfaces as frozen dataclasses, with their ABI form and hash
contracts    one class a contract: reads pinned to a block, and calls to send
events       logs as frozen dataclasses
history      pure reducers: what became of jobs and disputes
fees         what a unit of gas may cost, and how much more a replacement has to offer
sender       simulates, signs and sends transactions, one a purpose
keys         encrypted keystores
signers      keys from the environment, and programs that keep the key to themselves
"""
