"""What only the notebooks use.

Practice (`tutor`; its exercises and questions are data in `practice`), figures and experiments
(`lessons`), whose pictures are shown (`own_pictures`), and notebooks to begin again (`fresh`).
"""

from zapsim.course.fresh import reset
from zapsim.course.tutor import (
    check,
    forget_progress,
    goals,
    hint,
    keep_progress,
    progress,
    question,
    solution,
)

__all__ = [
    "check",
    "forget_progress",
    "goals",
    "hint",
    "keep_progress",
    "progress",
    "question",
    "reset",
    "solution",
]
