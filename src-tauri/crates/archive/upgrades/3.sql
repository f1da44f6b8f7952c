-- Version 3: a comment that arrives again is known by its page and that page's id for it.

ALTER TABLE chat ADD COLUMN page TEXT CHECK (length(page) = 32);

ALTER TABLE chat ADD COLUMN page_id TEXT CHECK ((page IS NULL) = (page_id IS NULL));

CREATE UNIQUE INDEX chat_once ON chat (episode, page, page_id) WHERE page IS NOT NULL;
