"""What a requester does.

order      what is to be run, made into blobs and the roots that go on chain
requester  post a job, paying for it from what there is
jobs       find jobs and their histories
follow     the stages of a job, as they come
result     fetch the outputs, and check that they are what was claimed
"""
