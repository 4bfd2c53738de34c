"""What the collector writes of the district: schools, targets, and the ledger of each agent."""
