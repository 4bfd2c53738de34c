"""PJLink, the protocol of projectors and flat panels (JBMIA): class 1 (v1.04), class 2 (v2.10).

    TCP 4352  one question at a time; one connection at a time for each projector (projector.py)
    UDP 4352  what a class 2 projector tells by itself, and the search (notices.py, search.py)

answers.py, auth.py, text.py and verdict.py know no connection.
"""
