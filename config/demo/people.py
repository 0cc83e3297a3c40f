"""Everybody in the demo. Numbers are 555-01xx and addresses example.org: nobody real is ever reached."""

from dataclasses import dataclass
from datetime import date

from clinic.enums import Role

PASSWORD = "nobody goes home alone"
PIN = "2580"


@dataclass(frozen=True)
class Staff:
    email: str
    name: str
    role: Role


STAFF = [
    Staff("dana@example.org", "Dana Rivera", Role.FRONT_DESK),
    Staff("noor@example.org", "Noor Haddad", Role.NURSE),
    Staff("ben@example.org", "Ben Kowalski", Role.NURSE),
    Staff("osei@example.org", "Kwame Osei", Role.CLINICIAN),
    Staff("lindgren@example.org", "Ida Lindgren", Role.CLINICIAN),
    Staff("banerjee@example.org", "Mira Banerjee", Role.CLINICIAN),
    Staff("marsh@example.org", "Elena Marsh", Role.DIRECTOR),
    Staff("tom@example.org", "Tom Adeyemi", Role.ADMIN),
]
ROOMS = [("Room 1", 1), ("Room 2", 2), ("Room 3", 0)]


@dataclass(frozen=True)
class Person:
    given: str
    family: str
    born: date
    language: str = "en"


PATIENTS = [
    Person("Kim", "Lefevre", date(1979, 4, 2)),
    Person("Ana", "Bautista", date(1988, 11, 20), "es"),
    Person("Maya", "Tran", date(1991, 6, 14)),
    Person("Omar", "Petrov", date(1966, 1, 30)),
    Person("Raj", "Sundaram", date(1984, 9, 9)),
    Person("Grace", "Abara", date(1972, 3, 17)),
    Person("Lucía", "Gutiérrez", date(1995, 12, 5), "es"),
    Person("Tomasz", "Wójcik", date(1959, 8, 23)),
    Person("Ines", "Kaya", date(1982, 2, 11)),
    Person("Peter", "O’Brien", date(1976, 7, 7)),
    Person("Yuki", "Tanaka", date(1999, 5, 28)),
    Person("Sofia", "Marino", date(1969, 10, 13)),
    Person("Elias", "Berg", date(1993, 3, 3)),
    Person("Fatima", "Zahra", date(1987, 8, 1)),
    Person("Henry", "Okafor", date(1955, 12, 19)),
    Person("Chloé", "Dubois", date(1990, 9, 25)),
    Person("Marcus", "Webb", date(1974, 6, 6)),
    Person("Renée", "St. James", date(1981, 1, 8)),
    Person("Diego", "Castañeda", date(1996, 4, 16), "es"),
    Person("Amina", "Yusuf", date(1985, 11, 2)),
    Person("Walter", "Novak", date(1951, 2, 27)),
    Person("Priya", "Nair", date(1992, 7, 31)),
    Person("Jonas", "Eriksen", date(1978, 5, 12)),
    Person("Teresa", "Almeida", date(1963, 9, 18)),
    Person("Colin", "Fraser", date(1989, 10, 4)),
    Person("Naomi", "Cohen", date(1970, 12, 22)),
    Person("Ivan", "Horvat", date(1983, 3, 29)),
    Person("Bridget", "Walsh", date(1997, 8, 15)),
    Person("Samuel", "Boateng", date(1968, 6, 1)),
    Person("Vera", "Lindqvist", date(1986, 2, 19)),
]
HELPERS = [
    ("Pat", "Lefevre", "partner"),
    ("Rosa", "Bautista", "sister"),
    ("Lee", "Tran", "brother"),
    ("Sam", "Petrov", "friend"),
    ("Meera", "Sundaram", "wife"),
    ("Ade", "Abara", "husband"),
    ("Marta", "Gutiérrez", "mother"),
    ("Ewa", "Wójcik", "wife"),
    ("Deniz", "Kaya", "partner"),
    ("Jo", "Tran", "aunt"),
    ("Kenji", "Tanaka", "father"),
    ("Luca", "Marino", "son"),
    ("Astrid", "Berg", "mother"),
    ("Karim", "Zahra", "brother"),
    ("Ngozi", "Okafor", "daughter"),
    ("Hugo", "Dubois", "friend"),
    ("Tasha", "Webb", "wife"),
    ("Ray", "St. James", "husband"),
    ("Elena", "Castañeda", "sister"),
    ("Hodan", "Yusuf", "cousin"),
]


def number(place: int) -> str:
    """A number reserved for stories: 100 in each area code."""
    area = ("410", "443", "202")[place // 100]
    return f"+1{area}55501{place % 100:02d}"
