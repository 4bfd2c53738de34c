"""Writes what a district would have left in a store, without playing it: raw and rolled up."""
