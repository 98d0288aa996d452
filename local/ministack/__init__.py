"""MiniStack with corrections: the AWS side of the local stack.

`python -m local.ministack` starts the pinned MiniStack after putting right the places where it differs from
AWS in a way that would let a wrong pipeline pass here or a right one fail. `corrections.py` is the list.
"""
