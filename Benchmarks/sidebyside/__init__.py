"""Cove beside other registries: the same traffic against each in turn, and a table of ratios."""
