"""The lessons of rooms from a spreadsheet, and the school calendar from all of its files."""
