"""What firewalls and behaviour-management devices log: read here, and only verdicts go further."""
