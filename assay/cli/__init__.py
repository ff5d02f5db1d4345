"""The command `assay`: parses, calls, prints. docs/cli.md describes every command.

main      the group, and what errors become
options   settings, amounts, durations and `--json` on the command line
session   what a command works with: chain, wallet, store
output    tables, times, JSON, progress
stages    a job's events in words
work      what is to be run, and for what, on the command line
papers    the files of signed things
devnet, wallet, money, programs, jobs, ...   the commands
"""
