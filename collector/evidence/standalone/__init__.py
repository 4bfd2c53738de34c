"""What travels with an export: it runs anywhere, and imports nothing of ours."""
