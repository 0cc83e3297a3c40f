"""Words that tell a neighbour who sees a screen, or a carrier, what a visit is about: drugs, diagnoses, scales, and
what the clinic specialises in. English and Spanish, in small letters without accents.

What stands here stops a message, so a word must not be somebody's name (Sedat, Angustias, Gad) nor mean something
innocent just as often (a trip, a migrant, no alcohol today).
"""

import re
import unicodedata
from functools import lru_cache

# Whatever begins so.
BEGINNINGS = (
    # drugs and how they are given
    "anaesthe",
    "anestes",
    "anesthe",
    "antidepres",
    "antipsicot",
    "antipsychot",
    "ansiolit",
    "aripiprazol",
    "arketamin",
    "ayahuasc",
    "benzodiacep",
    "benzodiazep",
    "buprenor",
    "bupropion",
    "citalopram",
    "clonidin",
    "dexmedetomidin",
    "dosage",
    "dosific",
    "dosing",
    "duloxetin",
    "escitalopram",
    "esketamin",
    "fentan",
    "fluoxetin",
    "ibogain",
    "infusion",
    "intranasal",
    "intraven",
    "ketalar",
    "ketamin",
    "lamotrigin",
    "lorazepam",
    "methadon",
    "metadon",
    "microdos",
    "midazolam",
    "midomafetamin",
    "morfina",
    "morphine",
    "naltrexon",
    "ondansetron",
    "opiace",
    "opioid",
    "propofol",
    "psicodel",
    "psilocib",
    "psilocyb",
    "psychedel",
    "quetiapin",
    "sedacion",
    "sedante",
    "sedation",
    "sedativ",
    "sertralin",
    "spravato",
    "suboxon",
    "venlafaxin",
    # diagnoses
    "addict",
    "adicci",
    "adicto",
    "adicta",
    "alcoholism",
    "anorexi",
    "ansiedad",
    "anxiety",
    "autism",
    "autist",
    "autolesi",
    "bipolar",
    "bulimi",
    "chronic pain",
    "compulsiv",
    "depresi",
    "depress",
    "deprimi",
    "desintoxic",
    "detox",
    "disorder",
    "dolor cronic",
    "esquizo",
    "estres postraum",
    "fibromialg",
    "fibromyalg",
    "insomni",
    "migraine",
    "migrana",
    "neuropat",
    "obsesiv",
    "obsessiv",
    "panic attack",
    "panic disorder",
    "ataque de panico",
    "ataques de panico",
    "post-traum",
    "posttraum",
    "postraum",
    "schizo",
    "self-harm",
    "substance abuse",
    "substance use",
    "abuso de sustancias",
    "consumo de sustancias",
    "suicid",
    "trastorno",
    # scales
    "c-ssrs",
    "gad-7",
    "gad 7",
    "gad7",
    "madrs",
    "pcl-5",
    "phq",
    "puntaje",
    "puntuac",
    "qids",
    "scoring",
    # what the clinic specialises in
    "behavioral health",
    "behavioural health",
    "electrochoque",
    "electroconvuls",
    "electroshock",
    "estado de animo",
    "estimulacion magnetica",
    "iv drip",
    "iv therapy",
    "iv treatment",
    "magnetic stimulation",
    "mood center",
    "mood centre",
    "mood clinic",
    "nasal spray",
    "neuroestim",
    "neuromodul",
    "neurostim",
    "psico",
    "psiqui",
    "psychi",
    "psycho",
    "sicoanal",
    "sicolog",
    "sicoterap",
    "siquiatr",
    "spray nasal",
    "transcran",
)
# These alone: as beginnings they would be part of innocent words.
WHOLE = (
    "adhd",
    "bdi",
    "cssrs",
    "dose",
    "doses",
    "dosis",
    "ect",
    "hamd",
    "hdrs",
    "lsd",
    "mdma",
    "mdq",
    "mental",
    "mentales",
    "mentally",
    "ocd",
    "padss",
    "psych",
    "ptsd",
    "score",
    "scored",
    "scores",
    "tdah",
    "tept",
    "tms",
    "toc",
    "trauma",
    "ymrs",
)
# In an address, a shorter one may stand in a random token by chance, once in some thousand links.
LONG = 6


def word(*, text: str, also: tuple[str, ...] = ()) -> str:
    """The first telling word of a text as it stands in the list; "" if there is none. ``also``: the beginnings of
    words one clinic adds."""
    return _first(_pattern(BEGINNINGS + also, WHOLE), text)


def word_in_address(*, address: str, also: tuple[str, ...] = ()) -> str:
    """The same of an address, whose other letters mean nothing."""
    return _first(_pattern(tuple(each for each in BEGINNINGS + also if len(each) >= LONG), ()), address)


def plain(text: str) -> str:
    """In small letters, without accents and without signs that cannot be seen."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if unicodedata.category(sign) not in {"Mn", "Cf"})


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(plain(text))
    return " ".join(found[0].split()) if found else ""


@lru_cache(maxsize=256)
def _pattern(beginnings: tuple[str, ...], whole: tuple[str, ...]) -> re.Pattern[str]:
    parts = [_words(each) for each in beginnings if each.strip()]
    parts += [rf"{_words(each)}(?![^\W_])" for each in whole]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})")


def _words(phrase: str) -> str:
    return r"\s+".join(re.escape(each) for each in plain(phrase).split())
