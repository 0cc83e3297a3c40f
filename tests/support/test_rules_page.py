"""docs/rules.md says what the code does."""

import re
from pathlib import Path

from django.conf import settings

from support.domain import risk

PAGE = (Path(settings.BASE_DIR) / "docs/rules.md").read_text()


def test_the_points_of_the_calls_stand_in_the_rules():
    table = PAGE.split("### Whom to phone first")[1].split("## 2.")[0]
    written = {
        words.replace("'", "’"): int(points) for words, points in re.findall(r"^\| ([^|]+) \| (\d+) \|", table, re.M)
    }
    assert written == dict(risk.table())
    assert f"from {risk.CALL_FROM} points on" in table
