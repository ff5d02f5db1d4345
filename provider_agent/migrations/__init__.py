"""How the journal's tables came about, revision by revision (Alembic). `schema.py` has them as they are now."""
