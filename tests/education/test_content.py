"""The twelve shipped pages: complete, plain, and silent about what they must not say."""

import re

import pytest

from education import library
from education.enums import Audience, Language, Stage
from education.placeholders import PLACEHOLDERS
from education.rendering import placeholders_in, sections
from education.this_hour import begins_at

SHIPPED = list(library.shipped())
IDS = [f"{page.language}-{page.slug}" for page in SHIPPED]
ENGLISH = [page for page in SHIPPED if page.language == "en"]

every_page = pytest.mark.parametrize("page", SHIPPED, ids=IDS)


def test_each_audience_and_stage_has_a_page_in_each_language():
    expected = {(lang, who, stage) for lang in Language.values for who in Audience.values for stage in Stage.values}
    assert {(page.language, page.audience, page.stage) for page in SHIPPED} == expected
    assert len(SHIPPED) == len(expected)


@every_page
def test_a_page_names_no_drug_and_no_diagnosis(page):
    assert library.UNTOLD.findall(f"{page.title}\n{page.summary}\n{page.text}\n{page.sources}") == []


@every_page
def test_a_page_asks_only_for_values_we_have(page):
    assert placeholders_in(page.text) - PLACEHOLDERS.keys() == set()
    assert placeholders_in(page.title + page.summary + page.sources) == set()


@every_page
def test_a_page_gives_no_clinical_number_of_its_own(page):
    """Hours, minutes, ages and numbers to call are the policy's and the directory's."""
    lists = re.sub(r"^\d+\. ", "", page.text, flags=re.MULTILINE)
    named = re.sub(r"\{#[a-z0-9-]+\}|\[\[\w+\]\]", "", lists)
    assert re.findall(r"\d+", named) == []


@every_page
def test_a_page_says_where_it_comes_from(page):
    assert len([line for line in page.sources.splitlines() if line.startswith("- ")]) >= 4


@pytest.mark.parametrize("slug", sorted({page.slug for page in SHIPPED}))
def test_both_languages_have_the_same_parts_and_ask_for_the_same_values(slug):
    english, spanish = sorted((page for page in SHIPPED if page.slug == slug), key=lambda page: page.language)
    assert [part.key for part in sections(english.text)] == [part.key for part in sections(spanish.text)]
    assert placeholders_in(english.text) == placeholders_in(spanish.text)


@pytest.mark.parametrize("page", [page for page in SHIPPED if page.stage == "after"], ids=lambda page: page.slug)
def test_a_page_for_afterwards_has_something_for_every_hour(page):
    begins = [begins_at(part) for part in sections(page.text) if begins_at(part) is not None]
    assert begins[0] == 0
    assert begins == sorted(begins)
    assert 72 in begins


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: page.slug)
def test_an_english_page_reads_at_eighth_grade_or_below(page):
    assert grade(page.text) <= 8


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: page.slug)
def test_an_english_page_speaks_to_its_reader(page):
    words = re.findall(r"[a-z']+", page.text.lower())
    assert words.count("you") + words.count("your") > len(words) / 50


def test_the_grade_rises_with_long_words_and_sentences():
    plain = "Go straight home. Sit down and rest."
    heavy = (
        "Postoperative transportation necessitates accompaniment by responsible individuals throughout recuperation."
    )
    assert grade(plain) < 3
    assert grade(heavy) > 12


def grade(text: str) -> float:
    """Flesch-Kincaid grade of a page's prose; list items and headings are sentences of their own."""
    prose = re.sub(r"\[\[\w+\]\]", "six hours", re.sub(r"\{#[a-z0-9-]+\}|[*#]", "", text))
    sentences = [part for part in re.split(r"[.!?:]\s|\n+", prose) if re.search(r"[A-Za-z]", part)]
    words = re.findall(r"[A-Za-z][A-Za-z'-]*", prose)
    syllables = sum(count_syllables(word) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def count_syllables(word: str) -> int:
    """Groups of vowels, less the silent endings; right for about nine words in ten."""
    word = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", word))
    silent = re.search(r"[^aeiouyl]e$|[^aeiouytd]ed$|[^aeiouscxzgh]es$", word)
    return max(1, groups - (1 if silent and groups > 1 else 0))
