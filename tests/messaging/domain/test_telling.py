"""Which words tell a neighbour what the visit is about, and which only look alike."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from messaging.domain import telling

TELLING = [
    # English
    "Your ketamine visit",
    "KETAMINE-day",
    "Esketamine nasal spray at 9",
    "spravato_day",
    "Northgate Infusion Center",
    "your IV therapy",
    "the next dose",
    "a mild sedative",
    "Mood Clinic of Annapolis",
    "Annapolis TMS",
    "Mental Health Partners",
    "behavioral health",
    "psychotherapy at 10",
    "Psychology Associates",
    "for your depression",
    "treatment-resistant depression",
    "anxiety group",
    "PTSD",
    "your OCD plan",
    "bipolar disorder",
    "chronic pain",
    "migraine",
    "substance use",
    "Your PHQ-9",
    "your PHQ9",
    "GAD-7 is due",
    "MADRS",
    "your score is 12",
    "C-SSRS",
    # Spanish
    "la infusión de hoy",
    "ketamina",
    "su dosis",
    "sedación",
    "terapia intravenosa",
    "salud mental",
    "psicoterapia",
    "el psicólogo",
    "Clínica psiquiátrica",
    "depresión",
    "está deprimido",
    "ansiedad",
    "trastorno bipolar",
    "TEPT",
    "estrés postraumático",
    "adicciones",
    "abuso de sustancias",
    "dolor crónico",
    "migrañas",
    "insomnio",
    "su puntuación",
    "estado de ánimo",
    "estimulación magnética",
    # written to slip through
    "infu\u00adsion",
    "keta\u200bmine",
    "mental\nhealth",
    "chronic   pain",
    "ｋｅｔａｍｉｎｅ",
]
INNOCENT = [
    # English
    "the door code is 9",
    "we record it",
    "marketing",
    "address: 12 Elm Street",
    "Have a safe trip home",
    "No alcohol today",
    "Don't panic, we are here",
    "a migrant family",
    "She is anxious to see you",
    "the press conference",
    "Scoresby Road",
    "an orderly line",
    "fundamental",
    "Open the doc",
    "Physical therapy is next door",
    "Bring your glasses and a book",
    "Traumatology is one floor down",
    "please enter by the side door, etc.",
    "October, not later",
    "Your wellness visit",
    "we dosed the plants",
    # Spanish
    "no bebas alcohol hoy",
    "los migrantes",
    "traumatología está abajo",
    "un viaje tranquilo",
    "la presión del agua",
    "tocamos a la puerta",
    "la escala del mapa",
    "un día deportivo",
    "el adiestrador",
    "Buenos días, te esperamos",
]
NAMES = [
    "Sedat",
    "Angustias",
    "Dolores",
    "Consuelo",
    "Gad",
    "Ketan",
    "Kettie",
    "Psyche",
    "Zofia",
    "Autumn",
    "Dosia",
    "Morfydd",
    "Fenton",
    "Mani",
    "Tristan",
    "Antonia",
    "Adi",
    "Adina",
    "Addison",
    "Addie",
    "Depali",
    "Infanta",
    "Opal",
    "Scorpia",
    "Bipin",
    "Suica",
    "Octavia",
    "Octavio",
    "Ecter",
    "Madison",
    "Toccara",
    "Traute",
    "Lysandra",
    "Detlef",
    "Rehana",
    "Micro",
    "Sicilia",
    "Psalm",
    "Ansel",
    "Anselmo",
    "Trini",
    "Migdalia",
    "Migran",
    "Salud",
    "Esperanza",
    "Milagros",
    "Soledad",
    "Remedios",
    "Socorro",
]


@pytest.mark.parametrize("text", TELLING)
def test_what_tells_is_found(text):
    assert telling.word(text=text)


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_alike_is_not(text):
    assert telling.word(text=text) == ""


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_stopped_for_their_name(name):
    assert telling.word(text=f"Northgate Care: {name} is ready to go home.") == ""


def test_no_words_of_the_product_tell():
    folder = Path(settings.BASE_DIR) / "templates" / "messages"
    texts = {path.name: path.read_text() for path in folder.glob("*.txt")}
    assert len(texts) > 90
    assert {name: telling.word(text=re.sub(r"\{.*?\}\}?", "", text)) for name, text in texts.items()} == dict.fromkeys(
        texts, ""
    )


def test_a_clinic_adds_its_own_beginnings():
    assert telling.word(text="Meet at the Willow House", also=("willow h",)) == "willow h"
    assert telling.word(text="Meet at the WILLOWS", also=("Willow",)) == "willow"
    assert telling.word(text="Pasa por la CLÍNICA", also=("clínica",)) == "clinica"
    assert telling.word(text="Anything at all", also=("", "  ")) == ""


def test_in_an_address_only_what_is_long_counts():
    """A short word may stand in a random token by chance."""
    assert telling.word_in_address(address="http://localhost:8000/l/x_phq-ocd-score/") == ""
    assert telling.word_in_address(address="http://localhost:8000/infusion/abc/") == "infusion"
    assert telling.word_in_address(address="http://localhost:8000/willow/abc/", also=("willow",)) == "willow"


def test_the_lists_are_written_in_the_form_they_are_compared_in_and_each_word_once():
    for words in (telling.BEGINNINGS, telling.WHOLE):
        assert [telling.plain(word) for word in words] == list(words)
        assert len(set(words)) == len(words)
    covered = [word for word in telling.WHOLE if any(word.startswith(start) for start in telling.BEGINNINGS)]
    assert covered == []
