from types import SimpleNamespace

import pytest

from education.this_hour import block, section_at

PAGE = SimpleNamespace(
    text="Intro\n\n## Soon {#before-24}\na\n\n## Now {#hour-0}\nb [[solids_hours]]\n\n"
    "## Later {#hour-2}\nc\n\n## Call {#call}\nd"
)


@pytest.mark.parametrize(
    ("hours", "title"),
    [(-24, "Soon"), (-0.01, "Soon"), (0, "Now"), (1.99, "Now"), (2, "Later"), (500, "Later")],
)
def test_the_part_that_began_last_is_the_part_for_this_hour(hours, title):
    assert section_at(revision=PAGE, hours_since=hours).title == title


def test_before_the_first_part_there_is_nothing():
    assert section_at(revision=PAGE, hours_since=-24.1) is None
    assert block(revision=PAGE, hours_since=-30, values={}) == ""


def test_a_block_is_only_its_own_part():
    assert block(revision=PAGE, hours_since=0, values={"solids_hours": "6 hours"}) == (
        '<h2 id="part-hour-0">Now</h2>\n<p>b 6 hours</p>\n'
    )


def test_a_page_without_timed_parts_has_no_part_for_an_hour():
    assert section_at(revision=SimpleNamespace(text="## A\n## B {#b}"), hours_since=3) is None
