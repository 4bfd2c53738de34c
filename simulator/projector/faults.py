"""What is wrong with a simulated projector: the words of `--fault`, and where each was seen."""

from typing import Final

FAULTS: Final = {
    "nul_padding": "NUL bytes follow each line",
    "lkup_before": "tells %2LKUP over TCP before each answer",
    "lkup_close": "tells %2LKUP over TCP and closes, once",
    "closes": "closes after each answer: a connection for each question (AWOL)",
    "small_letters": "answers in small letters (Optoma)",
    "wrong_class": "answers with the other class",
    "class_words": "says its class as `Class 1` (Optoma X351)",
    "laser": "does not know LAMP",
    "err3": "answers ERR3 to everything, as in standby (NEC, Epson)",
    "err3_details": "answers ERR3 to everything but power",
    "err4": "answers ERR4 to power: it is broken",
    "silent": "greets and answers nothing",
    "no_greeting": "takes the connection and says nothing",
    "half_close": "greets and ends its half of the connection",
    "resets": "greets and resets the connection",
    "slow": "sends one byte at a time",
    "garbage": "answers nonsense",
    "not_pjlink": "greets as a web server",
    "long_line": "answers without end",
    "erra": "takes no password",
    "one_client": "closes a second connection at once",
    "locks_up": "says nothing more after two connections at once, or many soon (Sony)",
    "eco": "its port is closed in standby",
}
