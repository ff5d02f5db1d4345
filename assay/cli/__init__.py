"""The command `assay`: parses, calls, prints. docs/cli.md describes every command.

main      the group, and what errors become
options   settings, amounts, durations and `--json` on the command line
session   what a command works with: chain, wallet, store
output    tables, times, JSON, progress
stages    a job's events in words
devnet, wallet, money, programs, jobs, store   the commands
"""
