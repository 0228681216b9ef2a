"""EXSEARCH: think, search, record."""
