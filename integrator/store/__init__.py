"""Engine, tables, key ring rows, and the differences between databases. SQLAlchemy Core, explicit columns."""
