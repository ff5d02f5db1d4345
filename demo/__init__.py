"""The story that `make demo` plays: a job is paid for, and a lie is slashed."""
