"""Who hears of what, when again, and what happens when nobody acts (docs/routing.md)."""
