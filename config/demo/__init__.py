"""The believable clinic of ``make demo``: made-up people, told through the same functions a real clinic uses."""
