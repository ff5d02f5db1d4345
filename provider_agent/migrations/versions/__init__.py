"""One file a revision. There is no way back: a journal that was brought up to date stays so."""
