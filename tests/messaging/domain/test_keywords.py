import pytest

from messaging.domain import keywords

STOP_WORDS = [
    *["STOP", "stop.", " Stop please ", "stopall", "QUIT", "end", "Revoke", "opt out", "Opt-out", "optout", "CANCEL"],
    *["unsubscribe", "unsubscribe me", "STOP 12345", "stop texting me", "alto", "Alto!", "Parar", "cancelar", "BAJA"],
    *["Stop all", "cancel all please", "¡Cancelar, por favor!", "Darme de baja", "No más mensajes", "No more texts."],
    *["ＳＴＯＰ", "STOP 🛑"],
]
YES = [
    *[
        "YES",
        "y",
        "yes!",
        "Yes, thank you",
        "Yes please",
        "ok",
        "OK 👍",
        "👍",
        "👍🏽",
        "yes yes",
        "I can",
        "Yes I will",
    ],
    *["Sí", "si", "SÍ.", "claro", "de acuerdo", "sí, gracias", "Si puedo"],
]
NO = ["NO", "n", "no thanks", "No, gracias", "nope", "👎", "I can't", "No I can’t", "no puedo", "No."]
FOR_A_PERSON = [
    *["", "I have to cancel my ride tomorrow", "Weekend is fine", "I'll stop by the desk at noon", "bajamos"],
    *["yes but I am late", "yes?", "ok?", "yes no", "👍👎", "sí pero no puedo", "no sé", "yes 13:30", "help me"],
    *["please", "gracias", "да", "yes да", "是", "sim, posso", "the end", "информация", "no problem, I will be there"],
]


@pytest.mark.parametrize("body", STOP_WORDS)
def test_words_that_ask_for_no_more_texts(body):
    assert keywords.read(body=body).reply == "stopped"


@pytest.mark.parametrize("body", ["START", "unstop", "Empezar", "start please"])
def test_words_that_ask_for_texts_again(body):
    assert keywords.read(body=body).reply == "started"


@pytest.mark.parametrize("body", ["HELP", "info", "Ayuda!", "¿Información?"])
def test_words_that_ask_who_we_are(body):
    assert keywords.read(body=body).reply == "help"


@pytest.mark.parametrize("body", YES)
def test_a_plain_yes(body):
    assert keywords.read(body=body) == keywords.Said(reply="yes", keyword="yes")


@pytest.mark.parametrize("body", NO)
def test_a_plain_no(body):
    assert keywords.read(body=body) == keywords.Said(reply="no", keyword="no")


@pytest.mark.parametrize("body", FOR_A_PERSON)
def test_what_says_more_or_something_else_is_for_a_person(body):
    assert keywords.read(body=body) == keywords.Said(reply="passed_on")


@pytest.mark.parametrize(("body", "keyword"), [("Cancel.", "cancel"), ("¡Cancelar, por favor!", "cancelar")])
def test_which_word_it_was_is_kept(body, keyword):
    assert keywords.read(body=body).keyword == keyword
    assert keyword in keywords.CANCEL


def test_every_keyword_fits_the_column():
    known = keywords.STOP | keywords.START | keywords.HELP
    assert {word for word in known if len(word) > keywords.LONGEST_KEYWORD} == set()
    assert keywords.CANCEL <= keywords.STOP
