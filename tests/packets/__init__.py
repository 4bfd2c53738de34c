"""Frames made byte by byte from their RFCs, for captures whose truth is known.

Shares nothing with what reads them in `agent.sensor`: no module of the project is imported here.
"""
