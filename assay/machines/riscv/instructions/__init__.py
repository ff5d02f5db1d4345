"""What each instruction does, one function each, by the manual's chapters. `i` is always the decoded instruction."""
