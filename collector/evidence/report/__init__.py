"""The self-check (自查): clauses of GB/T 22239-2019 with what this system can show of each.

It is no assessment (测评), and every page and sheet says so. A clause is met only where the program
itself can see that it is; what only a person can know is for a person.
"""
