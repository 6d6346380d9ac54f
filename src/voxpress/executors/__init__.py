"""Where work runs. Anything that offers `concurrent.futures.Executor` will do; these are the ones that come along.

A task is a picklable function with picklable arguments. When the process that ran it dies or hangs, its future fails
with `WorkerLost`, and only its future.
"""

from voxpress.executors.local import Inline, Processes
from voxpress.executors.pools import Cluster, Pools
from voxpress.executors.process import TaskInfo

__all__ = ["Cluster", "Inline", "Pools", "Processes", "TaskInfo"]
