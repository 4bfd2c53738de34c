"""Runs in the district: takes in, accounts, stores, shows."""
