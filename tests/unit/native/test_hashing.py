"""Many hashes at once against one at a time."""

from pathlib import Path

import numpy as np
import pytest

from assay.keccak import keccak256
from assay.native.hashing import hash_rows


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("count", [0, 1, 8, 9, 10, 11, 12, 37])
def test_rows_are_hashed_as_each_of_them_is(size: int, count: int, tmp_path: Path) -> None:
    rows = np.random.default_rng(count).integers(0, 256, (count, size), np.uint8)
    expected = [keccak256(row.tobytes()) for row in rows]
    assert [each.tobytes() for each in hash_rows(rows)] == expected
    assert [each.tobytes() for each in hash_rows(rows, tmp_path)] == expected
