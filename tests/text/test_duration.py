"""How long a reading can be."""

from voxpress.text.duration import bounds


def test_bounds_know_what_is_spelled_out():
    """Digits, symbols and capitals take longer than they look."""
    assert bounds("1234567890")[1] > 2 * bounds("abcdefghij")[1]
    assert bounds("IBM")[1] > bounds("ibm")[1]
    assert bounds("你好")[0] > bounds("ab")[0]
