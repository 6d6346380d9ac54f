"""Plans for tests of what comes after planning."""

import msgspec

from voxpress.rendering.planner import Planner
from voxpress.speech import Speaker, Utterance


def planned(text, number, **options):
    plan = Planner(Speaker(engine="tone", options=options)).plan(Utterance(text=text), filed=False)
    return msgspec.structs.replace(plan, number=number)


def sentences(name, count):
    return " ".join(f"This is sentence {n} of what {name} wants to hear." for n in range(count))
