"""Rows of an import: which column is which field, cells to values, and the judgement of each row."""
