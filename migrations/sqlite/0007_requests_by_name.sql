-- A name is one name within a tenant's environment: who has it is asked with every look at a form.
CREATE INDEX requests_name ON requests (tenant, name, id);
