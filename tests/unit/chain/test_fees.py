"""Offers for gas: within the limit, and high enough that nodes take a replacement."""

from hypothesis import given
from hypothesis import strategies as some

from assay.chain.fees import Fees, first_fees, raised_fees

fee = some.integers(0, 10**12)


def geth_replaces(old: Fees, new: Fees) -> bool:
    """go-ethereum's rule: both fees higher, by 10 % at least."""
    higher = new.maximum > old.maximum and new.tip > old.tip
    return higher and new.maximum >= old.maximum * 110 // 100 and new.tip >= old.tip * 110 // 100


@given(base_fee=fee, tip=fee, limit=some.integers(1, 10**13))
def test_a_first_offer_covers_the_base_fee_and_stays_within_the_limit(base_fee: int, tip: int, limit: int) -> None:
    offered = first_fees(base_fee, tip, limit)

    if offered is None:
        assert base_fee >= limit
    else:
        assert base_fee < offered.maximum <= limit or base_fee == offered.maximum == 0
        assert offered.tip <= offered.maximum


@given(tip=fee, more=fee, base_fee=fee, suggested=fee, limit=some.integers(1, 10**13))
def test_nodes_take_a_raised_offer_which_stays_within_the_limit(
    tip: int, more: int, base_fee: int, suggested: int, limit: int
) -> None:
    old = Fees(tip + more, tip)
    new = raised_fees(old, base_fee, suggested, limit)

    if new is None:
        assert base_fee >= limit or old.maximum * 11 > limit * 10 - 20
    else:
        assert geth_replaces(old, new)
        assert new.tip <= new.maximum <= limit
        assert new.maximum > base_fee


def test_a_raised_offer_follows_the_base_fee() -> None:
    assert raised_fees(Fees(100, 10), 1000, 5, 10**6) == Fees(2011, 11)
    assert raised_fees(Fees(100, 10), 1000, 50, 10**6) == Fees(2050, 50)
    assert raised_fees(Fees(100, 10), 7, 1, 10**6) == Fees(110, 11)
    assert raised_fees(Fees(100, 10), 1000, 1, 1500) == Fees(1500, 11)
    assert raised_fees(Fees(100, 10), 7, 1, 109) is None
