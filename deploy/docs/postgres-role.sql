-- The role that `portico serve` connects with: it reads and writes what Portico keeps, and can neither change the
-- tables nor take the guard off the record. `portico migrate`, run by the tables' owner before each new version,
-- changes the schema; run this again after it.
--
--   psql --dbname portico --file postgres-role.sql
--
-- Give the role a way to log in that fits your database (a password, a certificate), and put its address into
-- PORTICO_DATABASE_URL.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portico_serve') THEN
        CREATE ROLE portico_serve LOGIN;
    END IF;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO portico_serve;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portico_serve;
-- The record is appended to, and nothing else.
REVOKE UPDATE, DELETE ON events FROM portico_serve;
REVOKE DELETE ON record_head, record_checkpoint, record_breaks FROM portico_serve;
-- Which changes of the schema were made is for the owner to say.
REVOKE INSERT, UPDATE, DELETE ON _sqlx_migrations FROM portico_serve;
