"""A device that a template describes, played for people who try one."""
