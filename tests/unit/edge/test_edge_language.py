import pytest

from edge.language import preferred


@pytest.mark.parametrize(
    ("field", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB, zh;q=0.9", "en"),
        ("ZH-hans", "zh"),
        ("fr, zh;q=0.1", "zh"),
        ("fr", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("*;q=0.5, zh;q=0.4", "en"),
        ("zh;q=much", "en"),
        ("zh;level=1", "zh"),
        (",;,;;q==", "en"),
    ],
)
def test_the_language_with_the_highest_quality_is_chosen(field, language):
    assert preferred(field) == language
