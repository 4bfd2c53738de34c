"""The search for identity and phone numbers in all that is kept (docs/privacy.md)."""
