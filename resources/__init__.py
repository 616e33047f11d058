"""Data only: models, key maps, styles, codes, templates, schemas. Read through importlib.resources."""
