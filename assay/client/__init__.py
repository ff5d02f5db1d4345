"""What requesters and providers do.

order      what is to be run, made into blobs and the roots that go on chain
requester  post a job, paying for it from what there is
jobs       find jobs and their histories
follow     the stages of a job, as they come
result     fetch the outputs, and check that they are what was claimed
exits      end a job whose time is over
papers     the files of what is signed: orders, tickets, offers, extensions, capability records
checks     whether what somebody has signed still counts
provider   offer, fill orders, take tickets, decline: by hand
extensions more time for a provider, if both sides want it
listing    the directory of providers
access     an account's own access list
funds      money into the market, or into the directory
"""
