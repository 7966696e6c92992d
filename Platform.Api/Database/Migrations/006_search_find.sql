-- The search of migration 004 for less: 100 documents are counted instead of 300, for each is a page of the table to be looked at; and the
-- newest of many matches are looked for among the newest documents, by the two indexes together, instead of in all matches or in the words
-- of one document after the other.

-- A page of what matches the tiers: the best tier first, and the newest first within one. No document matches two tiers. Null tiers
-- stand for a search without words and filters. The first 100 documents are what is counted, more for a page
-- further on; if there are more, the total is an estimate, and the facets are those of the ones that were counted.
CREATE OR REPLACE FUNCTION search_find(
    tiers tsquery[], since timestamptz, until timestamptz, skip integer, take integer,
    OUT ids uuid[], OUT ranks integer[], OUT total bigint, OUT facets bigint[])
LANGUAGE plpgsql STABLE
-- IS TRUE keeps a condition away from the planner: only the index of the lexemes is worth to be asked. The query is a parameter: planning
-- it anew does not make its plan better.
SET plan_cache_mode = force_generic_plan SET jit = off AS $$
DECLARE
    most CONSTANT integer := greatest(100, skip + take);
    -- So many of the newest documents are cheaper to go through, in the index, than the matches themselves.
    near CONSTANT integer := 3000;
    wide CONSTANT integer := 3000;
    places tid[];
    last_tier integer;
    before integer;
    wanted integer;
    beyond integer;
    among bigint;
    oldest timestamptz;
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

    SELECT array_agg(id), array_agg(tier), array_agg(found.facets), array_agg(place), count(*), max(tier)
    INTO ids, ranks, facets, places, total, last_tier
    FROM (
        SELECT * FROM (
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
        ) AS counted ORDER BY tier, upload_timestamp DESC, id DESC
    ) AS found;
    before := array_position(ranks, last_tier) - 1;
    ids := ids[skip + 1 : skip + take];
    ranks := ranks[skip + 1 : skip + take];
    IF total < most THEN
        RETURN;
    END IF;

    -- There are more. How many: the last tier was read in the order of the table, so by how far into it that came.
    total := before + (total - before) * (pg_relation_size('search_documents') / current_setting('block_size')::integer)
        / (1 + (SELECT (max(place)::text::point)[0] FROM unnest(places[before + 1 :]) AS place));
    IF skip + take <= before THEN
        RETURN;
    END IF;

    -- The page reaches into the last tier, of which only a part was read.
    wanted := skip + take - greatest(skip, before);
    beyond := greatest(0, skip - before);
    -- Where these many documents hold twice what is wanted and some more.
    among := (2 * (wanted + beyond) + 10) * (SELECT reltuples FROM pg_class WHERE oid = 'search_documents'::regclass)::bigint
        / (total - before);
    IF among BETWEEN 0 AND near THEN
        oldest := (SELECT upload_timestamp FROM search_documents WHERE upload_timestamp < until
                   ORDER BY upload_timestamp DESC, id DESC OFFSET among LIMIT 1);
        SELECT array_agg(id) INTO rest FROM (
            SELECT id FROM search_documents
            WHERE lexemes @@ tiers[last_tier] AND upload_timestamp >= greatest(since, oldest) AND upload_timestamp < until
            ORDER BY upload_timestamp DESC, id DESC OFFSET beyond LIMIT wanted) AS newest;
    END IF;
    IF (cardinality(rest) = wanted) IS NOT TRUE THEN
        -- They do not: the newest of all of it, or of as much as can be read.
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
