-- The full-text index of the provider "postgres". All of it is derived and can be rebuilt from documents and document_texts.
-- Words are cut and folded by the API (Search/WordReader.cs), for a query as for a document, so no text search configuration is used.

CREATE TABLE search_documents (
    id               uuid PRIMARY KEY,
    upload_timestamp timestamptz NOT NULL,
    -- Written by a client while this index was being built: what the rebuild reads is older.
    is_live          boolean NOT NULL DEFAULT false,
    facets           bigint NOT NULL,
    -- Contact, filename, description and the beginning of the text: what is shown.
    stored           text[] STORAGE EXTERNAL NOT NULL,
    -- Words as they are, and with a class in front, and the values of the filters (Search/SearchLexemes.cs): what is searched, filtered and
    -- ranked by.
    lexemes          tsvector STORAGE EXTERNAL NOT NULL
)
-- The long values go out of line, so that hundreds of candidates are few pages; uncompressed, for a page of results reads ten texts.
WITH (toast_tuple_target = 128);

-- Without a pending list, which every search would have to read through.
CREATE INDEX ON search_documents USING gin (lexemes) WITH (fastupdate = off);
CREATE INDEX ON search_documents (upload_timestamp DESC, id DESC);

-- The words that there are, each with hashes of what is left of it when letters are left out: two words are a typing error apart when
-- they have one in common (Search/Misspelling.cs).
CREATE TABLE search_terms (
    term   text COLLATE "C" PRIMARY KEY,
    hashes integer[] NOT NULL
);

CREATE INDEX ON search_terms USING gin (hashes) WITH (fastupdate = off);

-- What results are counted by, once for all documents that have the same; the id is a hash of the rest.
CREATE TABLE search_facets (
    id                bigint PRIMARY KEY,
    document_type     text NOT NULL,
    file_extension    text NOT NULL,
    processing_status text NOT NULL,
    tags              text[] NOT NULL
);

-- The index that is being built; empty at all other times. It takes the other one's place by name.
CREATE TABLE search_documents_next (LIKE search_documents INCLUDING ALL) WITH (toast_tuple_target = 128);
CREATE TABLE search_terms_next (LIKE search_terms INCLUDING ALL);

-- What was removed while an index is being built.
CREATE TABLE search_removed (id uuid PRIMARY KEY);

CREATE TABLE search_state (
    is_only       boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    is_rebuilding boolean NOT NULL DEFAULT false
);

INSERT INTO search_state DEFAULT VALUES;

-- A page of what matches the tiers: the best tier first, and the newest first within one. No document matches two tiers. Null tiers
-- stand for a search without words and filters. The first 300 documents are what is counted, more for a page
-- further on; if there are more, the total is an estimate, and the facets are those of the ones that were counted.
CREATE FUNCTION search_find(
    tiers tsquery[], since timestamptz, until timestamptz, skip integer, take integer,
    OUT ids uuid[], OUT ranks integer[], OUT total bigint, OUT facets bigint[])
LANGUAGE plpgsql STABLE
-- IS TRUE keeps a condition away from the planner: only the index of the lexemes is worth to be asked, and where the newest are wanted
-- only that of the time. The query is a parameter: planning it anew does not make its plan better.
SET plan_cache_mode = force_generic_plan SET jit = off AS $$
DECLARE
    most CONSTANT integer := greatest(300, skip + take);
    -- Documents that are gone through to find the newest matches.
    near CONSTANT integer := 500;
    wide CONSTANT integer := 3000;
    pages bigint;
    last_page bigint;
    last_tier integer;
    before integer;
    wanted integer;
    beyond integer;
    rest uuid[];
BEGIN
    IF tiers IS NULL THEN
        WITH found AS MATERIALIZED (
            SELECT id, upload_timestamp, d.facets FROM search_documents AS d
            WHERE upload_timestamp >= since AND upload_timestamp < until ORDER BY upload_timestamp DESC, id DESC
            LIMIT most
        )
        SELECT (SELECT array_agg(id) FROM (SELECT id FROM found ORDER BY upload_timestamp DESC, id DESC OFFSET skip LIMIT take) AS page),
               array_agg(found.facets),
               count(*)
        INTO ids, facets, total FROM found;
        IF total >= most AND since = '-infinity' AND until = 'infinity' THEN
            total := greatest(total, (SELECT reltuples FROM pg_class WHERE oid = 'search_documents'::regclass));
        ELSIF total >= most THEN
            total := (SELECT count(*) FROM search_documents WHERE upload_timestamp >= since AND upload_timestamp < until);
        END IF;
        RETURN;
    END IF;

    WITH found AS MATERIALIZED (
        SELECT * FROM (
            (SELECT 1 AS tier, d.ctid AS place, id, upload_timestamp, d.facets FROM search_documents AS d
             WHERE lexemes @@ tiers[1] AND (upload_timestamp >= since AND upload_timestamp < until) IS TRUE)
            UNION ALL
            (SELECT 2, d.ctid, id, upload_timestamp, d.facets FROM search_documents AS d
             WHERE lexemes @@ tiers[2] AND (upload_timestamp >= since AND upload_timestamp < until) IS TRUE)
            UNION ALL
            (SELECT 3, d.ctid, id, upload_timestamp, d.facets FROM search_documents AS d
             WHERE lexemes @@ tiers[3] AND (upload_timestamp >= since AND upload_timestamp < until) IS TRUE)
            UNION ALL
            (SELECT 4, d.ctid, id, upload_timestamp, d.facets FROM search_documents AS d
             WHERE lexemes @@ tiers[4] AND (upload_timestamp >= since AND upload_timestamp < until) IS TRUE)
            UNION ALL
            (SELECT 5, d.ctid, id, upload_timestamp, d.facets FROM search_documents AS d
             WHERE lexemes @@ tiers[5] AND (upload_timestamp >= since AND upload_timestamp < until) IS TRUE)
            UNION ALL
            (SELECT 6, d.ctid, id, upload_timestamp, d.facets FROM search_documents AS d
             WHERE lexemes @@ tiers[6] AND (upload_timestamp >= since AND upload_timestamp < until) IS TRUE)
            UNION ALL
            (SELECT 7, d.ctid, id, upload_timestamp, d.facets FROM search_documents AS d
             WHERE lexemes @@ tiers[7] AND (upload_timestamp >= since AND upload_timestamp < until) IS TRUE)
        ) AS matching LIMIT most
    ), page AS (
        SELECT id, tier FROM found ORDER BY tier, upload_timestamp DESC, id DESC OFFSET skip LIMIT take
    )
    SELECT (SELECT array_agg(id) FROM page),
           (SELECT array_agg(tier) FROM page),
           array_agg(found.facets),
           count(*), max(tier), (SELECT count(*) FROM found AS better WHERE better.tier < max(found.tier)),
           (SELECT (max(place)::text::point)[0] FROM found AS worst WHERE worst.tier = max(found.tier))
    INTO ids, ranks, facets, total, last_tier, before, last_page FROM found;
    IF total < most THEN
        RETURN;
    END IF;

    -- There are more. How many: the last tier was read in the order of the table, so by how far into it that came.
    pages := pg_relation_size('search_documents') / current_setting('block_size')::integer;
    total := before + (total - before) * pages / (last_page + 1);
    IF skip + take <= before THEN
        RETURN;
    END IF;

    -- The page reaches into the last tier, of which only a part was read.
    wanted := skip + take - greatest(skip, before);
    beyond := greatest(0, skip - before);
    IF (wanted + beyond) * (SELECT reltuples FROM pg_class WHERE oid = 'search_documents'::regclass) <= near * (total - before) THEN
        -- They are so frequent that the newest documents are soon through.
        SELECT array_agg(id) INTO rest FROM (
            SELECT id FROM search_documents
            WHERE (lexemes @@ tiers[last_tier]) IS TRUE AND upload_timestamp >= since AND upload_timestamp < until
            ORDER BY upload_timestamp DESC, id DESC OFFSET beyond LIMIT wanted) AS newest;
    ELSE
        -- The newest of all of it, or of as much as can be read.
        SELECT array_agg(id) INTO rest FROM (
            SELECT id FROM (
                SELECT id, upload_timestamp FROM search_documents
                WHERE lexemes @@ tiers[last_tier] AND (upload_timestamp >= since AND upload_timestamp < until) IS TRUE LIMIT wide) AS part
            ORDER BY upload_timestamp DESC, id DESC OFFSET beyond LIMIT wanted) AS newest;
    END IF;
    ids := ids[1 : before - skip] || rest;
    ranks := ranks[1 : before - skip] || array_fill(last_tier, ARRAY[coalesce(cardinality(rest), 0)]);
END
$$;
