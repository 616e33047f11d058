"""The second reader. Never imports viewer, Qt or VTK; importing this package loads nothing heavy."""
