"""Asks devices by SNMP; pysnmp is loaded only where one is asked by version 3."""
