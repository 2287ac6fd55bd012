"""Let failed assertions of `answers` say what was compared."""

import pytest

pytest.register_assert_rewrite("tests.course.practice.answers")
