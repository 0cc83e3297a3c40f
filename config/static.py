"""Static files as they leave the house: hashed, compressed, and one stylesheet where the sources are many."""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

IMPORT = re.compile(r'^@import url\("(?P<name>[^":?]+)"\);$', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
SPACE = re.compile(r"\s*\n\s*")


def flatten(storage: Storage, name: str) -> str:
    """The stylesheet ``name`` with each ``@import url("…")`` put in place, without comments and indents."""
    with storage.open(name) as file:
        text = file.read().decode("utf-8")
    folder = PurePosixPath(name).parent
    whole = IMPORT.sub(lambda match: flatten(storage, str(folder / match["name"])), text)
    return SPACE.sub("\n", COMMENT.sub("", whole)).strip() + "\n"


class Flattened:
    """A source of static files whose own stylesheets read as one."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def open(self, name: str) -> Any:
        return ContentFile(flatten(self.storage, name).encode())


class FlatManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Sources are one file a component; what is served has no chain of imports."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        ours = {
            name: (Flattened(storage), path) if name.startswith("css/") else (storage, path)
            for name, (storage, path) in paths.items()
        }
        yield from super().post_process(ours, dry_run, **options)


class FlatFinder(FileSystemFinder):
    """Where nothing is collected (development, tests), our stylesheets are found just as flat, in ``var/cache``."""

    def list(self, ignore_patterns: Any) -> Iterator[Any]:
        """Nothing: what is collected comes from the other finders."""
        return iter(())

    def find(self, path: str, *arguments: Any, **options: Any) -> Any:
        source = FileSystemFinder().find(path) if path.startswith("css/") else None
        if not source:
            return []
        flat = settings.VAR_DIR / "cache" / path
        flat.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=flat.parent, encoding="utf-8", delete=False) as file:
            file.write(flatten(FileSystemStorage(str(source)[: -len(path)]), path))
        os.replace(file.name, flat)
        return [str(flat)] if options.get("find_all") else str(flat)
