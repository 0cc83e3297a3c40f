import pytest

from education.rendering import MissingValue, placeholders_in, render_text, sections


def test_a_placeholder_becomes_its_value():
    assert render_text(text="Wait [[solids_hours]].", values={"solids_hours": "6 hours"}) == "<p>Wait 6 hours.</p>\n"


def test_a_number_to_call_can_be_tapped():
    html = render_text(text="[[clinic_phone]]", values={"clinic_phone": "(410) 555-0142"})
    assert html == '<p><a class="dial-inline" href="tel:4105550142">(410) 555-0142</a></p>\n'


def test_a_placeholder_without_a_value_is_an_error_and_never_a_hole():
    with pytest.raises(MissingValue, match="moon_phase"):
        render_text(text="[[moon_phase]]", values={})


def test_a_value_is_never_read_as_markup():
    html = render_text(text="[[clinic_name]]", values={"clinic_name": "**A** <b>& Sons</b> [[clinic_phone]]"})
    assert html == "<p>**A** &lt;b&gt;&amp; Sons&lt;/b&gt; [[clinic_phone]]</p>\n"


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("Hi <script>alert(1)</script>", "Hi &lt;script&gt;alert(1)&lt;/script&gt;"),
        ("Hi <b onclick=x>b</b>", "Hi &lt;b onclick=x&gt;b&lt;/b&gt;"),
        ("[a](javascript:alert(1))", "[a](javascript:alert(1))"),
        ("[a](http://example.org)", '<a rel="noopener noreferrer">a</a>'),
        ("![a](https://example.org/a.png)", '!<a href="https://example.org/a.png" rel="noopener noreferrer">a</a>'),
        ('[a](tel:911 "[[clinic_phone]]")', '<a href="tel:911" rel="noopener noreferrer">a</a>'),
    ],
)
def test_markup_that_could_act_or_load_is_taken_out(text, inside):
    assert render_text(text=text, values={}) == f"<p>{inside}</p>\n"


def test_a_named_heading_gets_an_id_and_loses_the_mark():
    assert render_text(text="## The **first** hour {#hour-0}", values={}) == (
        '<h2 id="part-hour-0">The <strong>first</strong> hour</h2>\n'
    )


def test_the_only_first_level_heading_belongs_to_the_page_around_it():
    assert render_text(text="# Big", values={}) == "<h2>Big</h2>\n"


def test_sections_are_cut_at_headings_and_keep_their_names():
    found = sections("Hello.\n\n## One {#a}\n\n- x\n\n```\n## not a heading\n```\n\n## Two\nEnd")
    assert [(part.key, part.title) for part in found] == [("a", "One"), ("", "Two")]
    assert found[0].text.endswith("```\n")
    assert found[1].text == "## Two\nEnd"


def test_the_names_a_text_asks_for_are_found_once_each():
    assert placeholders_in("[[a]] [[b_2]] [[a]] [c] [[ d ]]") == {"a", "b_2"}
