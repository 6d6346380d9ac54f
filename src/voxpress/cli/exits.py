"""Exit statuses of commands that look at many files or rows."""

BAD = 2
"""Wrong use, or rows that cannot be rendered: nothing was done."""
SOME_FAILED = 1
"""All was tried, and some of it failed."""
