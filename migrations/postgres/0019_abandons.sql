-- What on a control plane is abandoned with it, as it was agreed to; null: nothing.
ALTER TABLE requests ADD COLUMN abandons TEXT;
