"""Read an answer in words: what it claims, and what it only mentions to deny it.

In: a regular expression. Out: a predicate on a text, such as a `Mistake` wants. The edge rule: a
claim counts only if nothing before it in its sentence denies it or leaves it open.
"""

import re

__all__ = ["claims", "is_open"]

_SENTENCE_ENDS = re.compile(r"(?<=[.!?;:])\s+|\bbut\b", re.IGNORECASE)
_OPEN = re.compile(
    r"\b(not?|cannot|never|nothing|nobody|none|nor|without|neither|instead of|rather than"
    r"|whether|if|may|might|unknown)\b|n['’]t\b",
    re.IGNORECASE,
)


def claims(pattern):
    """Return a predicate: does a text say this, without denying it (callable of str to bool)."""

    def claimed(text, *given):
        for sentence in _SENTENCE_ENDS.split(text):
            found = re.search(pattern, sentence, re.IGNORECASE)
            if found and not is_open(sentence[: found.end()]):
                return True
        return False

    return claimed


def is_open(text):
    """Say whether a text denies something or leaves it open, such as "not" or "whether"."""
    return bool(_OPEN.search(text))
