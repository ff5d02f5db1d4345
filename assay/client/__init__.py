"""What requesters and providers do.

session    what one user works with: the market, the wallet, the store
order      what is to be run, made into blobs and the roots that go on chain
prospects  who could take a job, and what keeps others from it
quote      what a job would come to, before it is paid for
costs      what ways through the market cost in gas
requester  post a job, paying for it from what there is
jobs       find jobs and their histories
follow     the stages of a job, as they come
waiting    what a job waits for, until when, and why nothing happens
standing   how a job stands or has ended, and where its money is
result     fetch the outputs, and check that they are what was claimed
recompute  run a claimed job again, and say where it differs
receipts   all that a stranger needs to check a job, in one file
challenge  dispute a claim that was found wrong
exits      end a job whose time is over
papers     the files of what is signed: orders, tickets, offers, extensions, capability records
checks     whether what somebody has signed still counts
provider   offer, fill orders, take tickets, decline: by hand
extensions more time for a provider, if both sides want it
listing    the directory of providers
access     an account's own access list
funds      money into the market, or into the directory
"""
