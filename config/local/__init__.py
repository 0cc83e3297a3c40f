"""Services of a machine without any: PostgreSQL and Valkey from wheels, for local use with synthetic data only."""
