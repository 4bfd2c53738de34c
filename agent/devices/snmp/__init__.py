"""Asks devices by SNMP, and hears what they say unasked; pysnmp is loaded only where one is asked."""
