"""What the tests of commands share."""

from tests.publish.conftest import Done, Run, voxpress

__all__ = ["Done", "Run", "voxpress"]
