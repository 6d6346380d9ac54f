"""Tests the engine against the contract: pytest examples/whistle"""

from whistle import Whistle

from voxpress.testing import EngineContract


class TestWhistle(EngineContract):
    def engine(self) -> Whistle:
        return Whistle()
