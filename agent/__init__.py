"""Runs in a school: asks, spools, sends."""
