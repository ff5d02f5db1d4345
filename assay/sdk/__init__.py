"""The market as a Python library (docs/sdk.md). `import assay` has its names.

client    a user of the market: sends programs and models, finds jobs
job       one job: its state, its result
executor  many small tasks as futures, in as few jobs as they come in
aio       the same for asyncio
terms     what is paid and asked for a job, as Python programs write it
result    what a task has left behind, verified
errors    what went wrong, and where the money is
"""
