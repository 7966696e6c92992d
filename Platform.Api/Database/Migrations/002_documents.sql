-- Documents, their text, the queue that processes them, and the objects that nothing refers to.

CREATE TABLE documents (
    id                   uuid PRIMARY KEY,
    -- No cascade: whoever erases a contact erases its documents first, and with them their objects (unreferenced_objects).
    contact_id           text COLLATE "C" NOT NULL REFERENCES contact_submissions (id),
    filename             text NOT NULL CHECK (char_length(filename) BETWEEN 1 AND 255),
    file_extension       text NOT NULL CHECK (char_length(file_extension) BETWEEN 1 AND 16),
    size                 bigint NOT NULL CHECK (size > 0),
    content_type         text NOT NULL CHECK (char_length(content_type) BETWEEN 1 AND 255),
    document_type        text NOT NULL CHECK (char_length(document_type) BETWEEN 1 AND 100),
    description          text NOT NULL DEFAULT '' CHECK (char_length(description) <= 1000),
    tags                 jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(tags) = 'array'),
    upload_timestamp     timestamptz NOT NULL DEFAULT now(),
    object_key           text NOT NULL UNIQUE,
    sha256               bytea NOT NULL CHECK (octet_length(sha256) = 32),
    duplicate_of         uuid,
    processing_status    text NOT NULL DEFAULT 'pending' CHECK (processing_status IN ('pending', 'processing', 'completed', 'failed')),
    -- What a person is told: why it failed, or what is missing from the text.
    processing_note      text,
    processing_timestamp timestamptz,
    processing_metadata  jsonb NOT NULL DEFAULT '{}',
    language_detected    text,
    keywords             jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(keywords) = 'array'),
    word_count           integer,
    character_count      integer,
    complexity_score     numeric(5, 2),
    indexed_timestamp    timestamptz,
    -- In the trash since; erased 30 days later.
    deleted_at           timestamptz,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX documents_contact ON documents (contact_id, upload_timestamp DESC, id DESC);
CREATE INDEX documents_sha256 ON documents (sha256);
CREATE INDEX documents_uploaded ON documents (upload_timestamp DESC, id DESC);
CREATE INDEX documents_status ON documents (processing_status);
CREATE INDEX documents_updated ON documents (updated_at);
CREATE INDEX documents_trash ON documents (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX documents_tags ON documents USING gin (tags jsonb_path_ops);
CREATE INDEX documents_metadata ON documents USING gin (processing_metadata jsonb_path_ops);

CREATE TRIGGER documents_updated_at BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- What was read from a document. Apart, so that a list of documents does not carry it.
CREATE TABLE document_texts (
    document_id uuid PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    text        text NOT NULL
);

-- The queue. A running task belongs to whoever holds its lease; a lease that has passed makes it anybody's again.
CREATE TABLE document_tasks (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('process', 'index', 'unindex', 'reindex')),
    -- No foreign key: a document may be erased before it is taken out of the index. Null for reindex.
    document_id  uuid,
    state        text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'completed', 'failed')),
    attempts     integer NOT NULL DEFAULT 0,
    run_at       timestamptz NOT NULL DEFAULT now(),
    lease        uuid,
    leased_until timestamptz,
    progress     jsonb,
    -- What a person is told of the last failure.
    last_error   text,
    requested_by text NOT NULL,
    -- The trace that asked for it (W3C Trace Context).
    traceparent  text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    finished_at  timestamptz
);

CREATE INDEX document_tasks_queued ON document_tasks (run_at, id) WHERE state = 'queued';
CREATE INDEX document_tasks_running ON document_tasks (leased_until) WHERE state = 'running';
CREATE INDEX document_tasks_finished ON document_tasks (finished_at) WHERE state IN ('completed', 'failed');
CREATE INDEX document_tasks_document ON document_tasks (document_id, id DESC);
-- To ask twice for the same is to ask once: ON CONFLICT DO NOTHING. (No two nulls are the same, hence the coalesce.)
CREATE UNIQUE INDEX document_tasks_once ON document_tasks (kind, coalesce(document_id, '00000000-0000-0000-0000-000000000000'))
    WHERE state = 'queued';

CREATE FUNCTION notify_document_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY document_tasks;
    RETURN NULL;
END
$$;

CREATE TRIGGER document_tasks_added AFTER INSERT ON document_tasks FOR EACH STATEMENT EXECUTE FUNCTION notify_document_tasks();

-- Keys that may be in the object store and that no document refers to: an upload enters its key here before its first byte and takes it
-- out in the transaction that adds the document, an erasure enters it in the transaction that deletes the document. What is still here
-- after its time is deleted from the store, and then from here.
CREATE TABLE unreferenced_objects (
    key          text PRIMARY KEY,
    delete_after timestamptz NOT NULL
);

CREATE INDEX unreferenced_objects_due ON unreferenced_objects (delete_after);

-- Takes the key out, in the transaction that refers to the object. It fails when the object was given up: the upload took too long.
CREATE FUNCTION reference_object(object_key text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM unreferenced_objects WHERE key = object_key;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The object was given up.' USING ERRCODE = 'no_data_found';
    END IF;
END
$$;

-- Sets what is known of a contact from all its documents outside the trash; null when there are none. Call it after the change, in its
-- transaction. Callers take turns at the contact's row, and as each statement of a volatile function sees what was committed before it
-- began, the last one counts every document.
CREATE FUNCTION refresh_document_insights(contact text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM contact_submissions WHERE id = contact FOR NO KEY UPDATE;
    UPDATE contact_submissions SET last_updated = now(), document_insights = (
        WITH own AS (
            SELECT * FROM documents WHERE contact_id = contact AND deleted_at IS NULL
        ), types AS (
            SELECT jsonb_object_agg(document_type, count) AS counts FROM (SELECT document_type, count(*) FROM own GROUP BY 1) AS type
        ), words AS (
            SELECT jsonb_agg(keyword ORDER BY count DESC, keyword) AS top FROM (
                SELECT keyword, count(*) FROM own, jsonb_array_elements_text(keywords) AS keyword
                GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10) AS keyword
        )
        SELECT jsonb_build_object(
            'total_documents', count(*),
            'document_types', (SELECT counts FROM types),
            'total_size', sum(size),
            'last_document_upload', to_char(max(upload_timestamp) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'processing_status', jsonb_build_object(
                'pending', count(*) FILTER (WHERE processing_status = 'pending'),
                'processing', count(*) FILTER (WHERE processing_status = 'processing'),
                'completed', count(*) FILTER (WHERE processing_status = 'completed'),
                'failed', count(*) FILTER (WHERE processing_status = 'failed')),
            'content_analysis', jsonb_build_object(
                'has_business_content', bool_or(
                    coalesce(processing_metadata #> '{entities,amounts}', '[]') NOT IN ('[]', 'null')
                    OR lower(document_type) IN ('proposal', 'invoice', 'contract', 'quote', 'offer', 'order')
                    OR keywords ?| ARRAY['proposal', 'invoice', 'contract', 'quote', 'offer', 'order']),
                'complexity_score', round(avg(complexity_score), 2),
                'confidence_level', CASE WHEN max(word_count) > 100 THEN 'high' WHEN max(word_count) > 0 THEN 'medium' ELSE 'low' END),
            'languages', coalesce(jsonb_agg(DISTINCT language_detected) FILTER (WHERE language_detected IS NOT NULL), '[]'),
            'keywords', coalesce((SELECT top FROM words), '[]'))
        FROM own HAVING count(*) > 0)
    WHERE id = contact;
END
$$;

CREATE VIEW v_document_summary AS
SELECT (upload_timestamp AT TIME ZONE 'UTC')::date AS day,
       document_type,
       count(*) AS total_documents,
       sum(size)::bigint AS total_size,
       count(*) FILTER (WHERE processing_status = 'completed') AS processed_documents,
       count(*) FILTER (WHERE processing_status = 'failed') AS failed_documents,
       avg(complexity_score) AS average_complexity
FROM documents
WHERE deleted_at IS NULL
GROUP BY 1, 2;

CREATE VIEW v_top_contacts AS
SELECT contact.id AS contact_id,
       contact.name,
       contact.email,
       contact.company,
       count(*) AS total_documents,
       sum(document.size)::bigint AS total_size,
       max(document.upload_timestamp) AS last_document_upload
FROM contact_submissions AS contact JOIN documents AS document ON document.contact_id = contact.id
WHERE document.deleted_at IS NULL
GROUP BY contact.id;
