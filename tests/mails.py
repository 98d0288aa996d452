"""Mails as people read them."""

from __future__ import annotations

import re


def unfolded(mail: str) -> str:
    """A mail with each of its lines whole, however wide."""
    return re.sub(r"\n {6}(?=\S)", " ", mail)
