"""Pictures of every page of a demo clinic, on a phone and on a desk, in light and in dark; the day's sheets on paper.

python -m tests.screenshots                  into var/shots/
python -m tests.screenshots move schedule    those whose name holds one of the words; the others stay as they are
python -m tests.screenshots --readme         and the README's five into docs/shots/
"""
