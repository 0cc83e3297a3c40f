"""A test run of one file: it brings its own database, server and browser."""

import sys

import pytest

arguments = [
    "-q",
    "-s",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:logging",
    "--show-capture=no",
    "tests/screenshots/shoot.py",
]
if "--readme" not in sys.argv[1:]:
    arguments += ["-k", "not readmes"]
sys.exit(pytest.main(arguments))
