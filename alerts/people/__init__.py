"""Who may act: accounts, their roles and their passwords."""
