-- Fields that a request takes over from other field managers, as a JSON list. Empty in requests from before it was kept.
ALTER TABLE requests ADD COLUMN take_over TEXT;
