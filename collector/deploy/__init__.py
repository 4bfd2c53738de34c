"""Sets up a district: `schoolwatch deploy`. Its own authority, and one folder with every file.

authority ─▶ register (who has which certificate) ─▶ laying (files, once, with owner and mode)
"""
