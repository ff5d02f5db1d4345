"""The one tree of exceptions. Every message says what happened and, where there is one, what to do about it."""


class AssayError(Exception):
    """Whatever Assay refuses or cannot do, told to a person."""


class InputError(AssayError):
    """A file, an argument, a setting or a document that cannot be used."""


class IntegrityError(AssayError):
    """Bytes from a store, a peer or a node that are not what they are claimed to be."""


class TransientError(AssayError):
    """A fault that may pass: a node or a store that does not answer. Worth another try."""


class ChainError(AssayError):
    """The chain, or a contract on it, refuses."""
