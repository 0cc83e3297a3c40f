import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.domain import segments
from messaging.domain.segments import BASIC, ESCAPED

GSM = st.text(st.sampled_from(sorted(BASIC | ESCAPED)), max_size=700)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("é" * 160, 1),
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("á" * 134, 2),
        ("á" * 135, 3),
        ("🌙" * 35, 1),
        ("🌙" * 36, 2),
    ],
)
def test_a_text_is_counted_as_the_networks_count_it(text, count):
    assert segments.measure(text).segments == count


def test_an_escaped_character_is_not_cut_in_two():
    assert segments.measure("a" * 152 + "€" + "a" * 152).segments == 3


def test_a_surrogate_pair_is_not_cut_in_two():
    assert segments.measure("á" * 66 + "🌙" + "á" * 66).segments == 3


def test_the_characters_that_make_it_long_are_named():
    assert segments.measure("It’s at 08:00 – please").odd == "–’"


@given(GSM)
def test_parts_hold_what_they_must_and_not_a_part_more(text):
    size = segments.measure(text)
    assert size.odd == ""
    if size.segments == 1:
        assert size.units <= 160
    else:
        assert (size.segments - 1) * 152 < size.units <= size.segments * 153


@given(st.text(max_size=300))
def test_units_outside_the_alphabet_are_those_of_utf_16(text):
    size = segments.measure(text)
    if size.odd:
        assert size.units == len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(st.text(max_size=300), st.text(max_size=20))
def test_more_words_never_cost_less(text, more):
    assert segments.measure(text + more).segments >= segments.measure(text).segments
