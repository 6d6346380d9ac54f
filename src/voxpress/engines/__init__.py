"""The engine contract, and how engines are found.

An engine turns a batch of segments into audio and does nothing else: no cache, retry, files, threads, splitting,
resampling or logging set-up. One engine is one file, and the file's name is the engine's name; underscored modules
hold what engines share. Engines of other packages come through the entry-point group ``voxpress.engines``. Authors
of engines import everything from here.
"""

from voxpress.engines._contract import PRECISION, Engine, Option, check_options
from voxpress.engines._guard import Guard, describe, price_of
from voxpress.engines._packages import install, missing_packages, python, require, version, versions
from voxpress.engines._registry import ENTRY_POINTS, check_clone, cloners, find, find_all, names

__all__ = [
    "ENTRY_POINTS",
    "PRECISION",
    "Engine",
    "Guard",
    "Option",
    "check_clone",
    "check_options",
    "cloners",
    "describe",
    "find",
    "find_all",
    "install",
    "missing_packages",
    "names",
    "price_of",
    "python",
    "require",
    "version",
    "versions",
]
