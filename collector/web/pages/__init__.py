"""The pages: the district, a school, an agent, the alerts with their stories, and the ledger."""
