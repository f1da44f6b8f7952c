-- Version 5: a comment keeps the number of its writer's name.

ALTER TABLE chat ADD COLUMN number INTEGER CHECK (number >= 2);
