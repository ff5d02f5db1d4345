"""The tensor machine's instructions by native code: the same bits as `assay.machines.tensor.execution`, much sooner."""
