"""Pictures of every page of a demo clinic, on a phone and on a desk, in light and in dark.

python -m tests.screenshots            into var/shots/
python -m tests.screenshots --readme   and the README's three into docs/shots/
"""
