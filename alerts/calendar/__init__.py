"""When lessons are held: terms, holidays, make-up workdays, teaching hours, timetables."""
