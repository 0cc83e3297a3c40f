"""``manage.py check_templates``: every template of the project compiles."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template import TemplateSyntaxError, engines
from django.template.loader import get_template


class Command(BaseCommand):
    help = "Load every template of the project; fails with the name and the line of each that does not compile."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        names = sorted(
            str(file.relative_to(folder))
            for folder in map(Path, engines["django"].dirs)
            for file in folder.rglob("*")
            if file.is_file()
        )
        broken = [f"{name}: {error}" for name in names for error in self._errors(name)]
        if broken:
            raise CommandError("\n".join(broken))
        self.stdout.write(f"{len(names)} templates compile.")

    def _errors(self, name: str) -> list[str]:
        try:
            get_template(name)
        except (TemplateSyntaxError, UnicodeDecodeError) as error:
            return [str(error)]
        return []
