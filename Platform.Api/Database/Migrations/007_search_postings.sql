-- The index of the provider "postgres", as lists of postings in place of lexemes in an inverted index of PostgreSQL's (004, 006): that went
-- through a list for each tier, looked at a row of the table for each match, and could only estimate what was more than a hundred.
-- All of it is derived; it is built anew below.

DROP FUNCTION search_find;
DROP TABLE search_documents, search_documents_next;

-- Of documents and of segments. Never given twice, not to the index that is being built either.
CREATE SEQUENCE search_numbers OWNED BY search_state.is_only;

CREATE TABLE search_documents (
    id               uuid PRIMARY KEY,
    -- What the postings know it by. A document that is put again has another one: what is said of a number stays true.
    number           bigint NOT NULL DEFAULT nextval('search_numbers') UNIQUE,
    -- The number that it had before.
    replaces         bigint,
    upload_timestamp timestamptz NOT NULL,
    -- Written by a client while this index was being built: what the rebuild reads is older.
    is_live          boolean NOT NULL DEFAULT false,
    facets           bigint NOT NULL,
    -- Contact, filename, description and the beginning of the text: what is shown.
    stored           text[] STORAGE EXTERNAL NOT NULL
)
-- The long values go out of line, so that the rest is few pages; uncompressed, for a page of results reads ten texts.
WITH (toast_tuple_target = 128);

-- Which documents have a term (Search/Postgres/DocumentTerms.cs), in the encoding of Search/Postgres/Postings.cs. What is put at once is a
-- segment; segments never change, and small ones are merged into larger ones (Search/Postgres/SegmentMerge.cs).
CREATE TABLE search_postings (
    term     text COLLATE "C" NOT NULL,
    segment  bigint NOT NULL,
    postings bytea STORAGE EXTERNAL NOT NULL,
    PRIMARY KEY (term, segment)
);

CREATE INDEX ON search_postings (segment);

CREATE TABLE search_segments (
    segment   bigint PRIMARY KEY,
    documents integer NOT NULL
);

-- Numbers that postings still have and no document has any more.
CREATE TABLE search_dead (number bigint PRIMARY KEY);

-- The index that is being built; empty at all other times. It takes the other one's place by name.
CREATE TABLE search_documents_next (LIKE search_documents INCLUDING ALL) WITH (toast_tuple_target = 128);
CREATE TABLE search_postings_next (LIKE search_postings INCLUDING ALL);
CREATE TABLE search_segments_next (LIKE search_segments INCLUDING ALL);
CREATE TABLE search_dead_next (LIKE search_dead INCLUDING ALL);

TRUNCATE search_removed, search_terms_next;
UPDATE search_state SET is_rebuilding = false;
UPDATE document_tasks SET progress = NULL WHERE kind = 'reindex';
INSERT INTO document_tasks (kind, requested_by) SELECT 'reindex', 'system' WHERE EXISTS (SELECT FROM documents) ON CONFLICT DO NOTHING;
