"""How people are called, from the parts of their names."""


def full(given: str, family: str) -> str:
    return f"{given} {family}".strip()


def first(given: str) -> str:
    """Of "Mary Jane", "Mary"."""
    return given.split(" ")[0]


def called(given: str, family: str, preferred: str) -> str:
    """What we call a patient on their own page and towards their helpers."""
    return preferred or first(given) or family


def short(given: str, family: str, preferred: str) -> str:
    """A patient's first name and the initial of the family name, for the board."""
    return f"{called(given, family, preferred)} {family[:1]}.".strip()
