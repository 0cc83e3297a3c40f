"""The style guide shows parts of the desk and of phones on one page: neither's rules reach the other's."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OUTSIDE = """
[...document.querySelectorAll(".phone-frame *")].filter(part => {
  const frame = part.closest(".phone-frame").getBoundingClientRect(), own = part.getBoundingClientRect();
  return part.checkVisibility() && (own.bottom < frame.top || own.top > frame.bottom + 1);
}).map(part => part.className || part.tagName)
"""


def test_every_part_of_a_phone_stands_in_its_phone(page, server):
    page.goto(f"{server}/styleguide/")
    assert page.evaluate(OUTSIDE) == []
