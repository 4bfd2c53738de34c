"""What watches: told by the system at the moment of a change, where a probe asks on a schedule.

Each module here is named by its word in `[watchers]` of the configuration.
"""

from agent.watchers.base import Watcher, watchers

__all__ = ["Watcher", "watchers"]
