"""The daemon that earns with an idle machine: it takes jobs, runs and claims them, and challenges wrong claims."""
