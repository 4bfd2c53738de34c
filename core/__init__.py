"""The words that agent, collector and alerts share; imports none of them."""

VERSION = "0.1.0"
