"""Numbers of persons who do not exist, made here so that none stands in the repository."""

from random import Random

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity_number(number: int = 1, area: str = "640104") -> str:
    """Return an identity number with a right check digit."""
    rolled = Random(number)
    born = f"{rolled.randint(1950, 2015)}{rolled.randint(1, 12):02}{rolled.randint(1, 28):02}"
    digits = f"{area}{born}{rolled.randint(0, 999):03}"
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, WEIGHTS)) % 11]


def mobile_number(number: int = 1) -> str:
    """Return a number of a mobile."""
    rolled = Random(number)
    return f"1{rolled.choice('3456789')}{rolled.randint(0, 10**9 - 1):09}"


def wide(text: str) -> str:
    """Return *text* in full-width characters."""
    return "".join(chr(ord(char) + 0xFEE0) for char in text)
