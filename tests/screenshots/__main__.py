"""A test run of one file: it brings its own database, server and browser."""

import sys

import pytest

words = [word for word in sys.argv[1:] if not word.startswith("-")]
arguments = [
    "-q",
    "-s",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:logging",
    "--show-capture=no",
    "tests/screenshots/shoot.py",
    f"--only={','.join(words)}",
]
if "--readme" not in sys.argv[1:]:
    arguments += ["-k", "not readmes"]
sys.exit(pytest.main(arguments))
