//! What Portico keeps: requests, their record, sessions; on SQLite and PostgreSQL.
