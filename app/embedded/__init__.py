"""PostgreSQL and Redis from wheels, kept in the data directory, for people who have no servers at hand."""
