"""Dashboards and provisioning, built from code. A package, so that installs find the files."""
