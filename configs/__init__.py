"""Commented samples of every configuration file. A package, so that installs find the files."""
