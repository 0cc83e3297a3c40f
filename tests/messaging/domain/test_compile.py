"""What may stand in the words of a message, and what is said to whoever wrote something else."""

import pytest

from messaging.domain.compile import Faulty, compiled

SLOTS = {"site", "name", "is_ride", "when"}


def written(source: str, **values: str | bool) -> str:
    return compiled(source, slots=SLOTS).render(values)


def why(source: str, **values: str | bool) -> str:
    with pytest.raises(Faulty) as fault:
        written(source, **values)
    return str(fault.value)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("{{ site }}: hello", "Northgate: hello"),
        ("{{site}}{{   name   }}", "NorthgateMaya"),
        ("a{% if is_ride %}b{% endif %}c", "abc"),
        ("a{% if when %}b{% endif %}c", "ac"),
        ("{% if when %}b{% else %}{{ name }}{% endif %}!", "Maya!"),
        ("{% if is_ride %}{% if when %}1{% else %}2{% endif %}{% else %}3{% endif %}", "2"),
        ("{% if when %}1{% else %}{% if is_ride %}2{% endif %}3{% endif %}", "23"),
        ("100 % { } } { %", "100 % { } } { %"),
        ("línea 1\nlínea 2", "línea 1\nlínea 2"),
    ],
)
def test_names_and_choices_are_put_in(source, text):
    assert written(source, site="Northgate", name="Maya", is_ride=True, when="") == text


def test_what_is_put_in_is_never_read_as_words():
    """A patient called so is a name and no more."""
    assert written("{{ name }}", name="{{ site }}{% if %}") == "{{ site }}{% if %}"


def test_every_name_is_known_beforehand_whichever_way_a_choice_goes():
    found = compiled("{% if is_ride %}{{ when }}{% else %}{{ name }}{% endif %}", slots=SLOTS)
    assert found.uses == {"is_ride", "when", "name"}


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("{% for n in name %}{{ n }}{% endfor %}", "Only names and “if” can be used, not “{% for n in name %}”."),
        ('{% include "secret.txt" %}', 'Only names and “if” can be used, not “{% include "secret.txt" %}”.'),
        ("{% load static %}", "Only names and “if” can be used, not “{% load static %}”."),
        ("{% %}", "Only names and “if” can be used, not “{% %}”."),
        ("{{ name|upper }}", "Only a single name can stand in “{{ name|upper }}”."),
        ("{{ name.phone }}", "Only a single name can stand in “{{ name.phone }}”."),
        ("{{ }}", "Only a single name can stand in “{{ }}”."),
        ("{{ __class__ }}", "Only a single name can stand in “{{ __class__ }}”."),
        ("{% if %}a{% endif %}", "Only a single name can stand in “{% if %}”."),
        ("{% if not name %}a{% endif %}", "Only a single name can stand in “{% if not name %}”."),
        ("{% if name and site %}a{% endif %}", "Only a single name can stand in “{% if name and site %}”."),
        ("{% if name %}a", "An “if” has no “endif”."),
        ("{% if name %}a{% else %}b", "An “if” has no “endif”."),
        ("a{% endif %}", "“{% endif %}” has no “if” before it."),
        ("a{% else %}b", "“{% else %}” has no “if” before it."),
        ("{% if name %}a{% else %}b{% else %}c{% endif %}", "“{% else %}” has no “if” before it."),
        ("{# a note #}", "Something is wrong at “{# a note #}”."),
        ("Hello {{ name", "Something is wrong at “Hello {{ name”."),
        ("Hello name }}", "Something is wrong at “Hello name }}”."),
        ("Hello {% if name", "Something is wrong at “Hello {% if name”."),
        ("{{ diagnosis }}", "“diagnosis” cannot be used in this message."),
        ("{% if diagnosis %}a{% endif %}", "“diagnosis” cannot be used in this message."),
    ],
)
def test_anything_else_is_refused_in_one_sentence(source, sentence):
    assert why(source, name="Maya", site="Northgate") == sentence


def test_a_name_without_a_value_stops_the_message_though_it_would_not_show():
    assert why("{% if is_ride %}{{ when }}{% endif %}", is_ride=False) == "There is no value for “when” here."


def test_ten_thousand_choices_in_one_another_are_refused_and_not_crashed_on():
    assert (
        why("{% if name %}" * 10_000 + "{% endif %}" * 10_000, name="Maya") == "There are too many “if” in one another."
    )


def test_a_long_wording_is_read_once():
    source = "{{ site }} and {{ name }} " * 500
    assert compiled(source, slots=SLOTS).words is compiled(source, slots={"site", "name"}).words
