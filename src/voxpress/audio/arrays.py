"""numpy, imported when it is first used: a clip from the store needs none, and importing it takes longer.

Modules that such a clip needs take `np` from here.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:

    class _Later(ModuleType):
        """A module that is imported with the first name that is asked of it."""

        def __getattr__(self, name: str) -> Any:
            value = getattr(importlib.import_module(self.__name__), name)
            setattr(self, name, value)
            return value

    np = _Later("numpy")

__all__ = ["Samples", "np"]

Samples: TypeAlias = "npt.NDArray[np.float32]"
"""Sound: float32 of shape (n,), full scale is ±1."""
