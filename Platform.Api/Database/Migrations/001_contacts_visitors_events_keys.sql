-- Everything of step 1. No role is named here: whoever owns the database owns the objects. No rows but the counter at zero.

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

-- Text ids sort by time (UUIDv7); collation "C" keeps that order whatever the database's locale is.
CREATE TABLE contact_submissions (
    id                          text COLLATE "C" PRIMARY KEY CHECK (char_length(id) BETWEEN 1 AND 255),
    name                        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    email                       text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    company                     text NOT NULL DEFAULT 'Not specified' CHECK (char_length(company) BETWEEN 1 AND 100),
    service                     text NOT NULL DEFAULT 'Not specified' CHECK (char_length(service) BETWEEN 1 AND 100),
    budget                      text NOT NULL DEFAULT 'Not specified' CHECK (char_length(budget) BETWEEN 1 AND 50),
    message                     text NOT NULL CHECK (char_length(message) BETWEEN 1 AND 1000),
    timestamp                   timestamptz NOT NULL DEFAULT now(),
    status                      text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'contacted', 'closed')),
    source                      text NOT NULL DEFAULT 'website' CHECK (char_length(source) BETWEEN 1 AND 50),
    user_agent                  text NOT NULL DEFAULT '' CHECK (char_length(user_agent) <= 500),
    page_url                    text NOT NULL DEFAULT '' CHECK (char_length(page_url) <= 500),
    document_processing_enabled boolean NOT NULL DEFAULT true,
    search_capabilities         boolean NOT NULL DEFAULT true,
    document_insights           jsonb,
    last_updated                timestamptz,
    created_at                  timestamptz NOT NULL DEFAULT now(),
    updated_at                  timestamptz NOT NULL DEFAULT now()
);

-- Newest first with a keyset cursor, alone and behind each equality filter.
CREATE INDEX contact_submissions_newest ON contact_submissions (timestamp DESC, id DESC);
CREATE INDEX contact_submissions_status ON contact_submissions (status, timestamp DESC, id DESC);
CREATE INDEX contact_submissions_source ON contact_submissions (source, timestamp DESC, id DESC);
CREATE INDEX contact_submissions_email ON contact_submissions (lower(email));
-- Partial, so that an insert, which has no insights yet, does not pay for it; @> implies IS NOT NULL.
CREATE INDEX contact_submissions_insights ON contact_submissions USING gin (document_insights jsonb_path_ops)
    WHERE document_insights IS NOT NULL;

CREATE TRIGGER contact_submissions_updated_at BEFORE UPDATE ON contact_submissions
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- One row, updated all the time: room in its page keeps the updates heap-only.
CREATE TABLE website_visitors (
    id           text PRIMARY KEY CHECK (id = 'visitor_count'),
    count        bigint NOT NULL DEFAULT 0 CHECK (count >= 0),
    last_updated timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);

INSERT INTO website_visitors (id) VALUES ('visitor_count');

CREATE TABLE analytics_events (
    id         uuid PRIMARY KEY,
    event_type text NOT NULL CHECK (char_length(event_type) BETWEEN 1 AND 100),
    event_data jsonb NOT NULL DEFAULT '{}',
    timestamp  timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX analytics_events_type ON analytics_events (event_type, timestamp DESC);
CREATE INDEX analytics_events_timestamp ON analytics_events (timestamp DESC);
CREATE INDEX analytics_events_data ON analytics_events USING gin (event_data jsonb_path_ops);

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    key_hash     bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
    scopes       text[] NOT NULL CHECK (cardinality(scopes) >= 1 AND scopes <@ ARRAY['read', 'write', 'admin']),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);

-- Every API instance keeps the keys in memory and reloads them on this notification; last_used_at is none of its concern.
CREATE FUNCTION notify_api_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY api_keys;
    RETURN NULL;
END
$$;

CREATE TRIGGER api_keys_changed AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF name, key_hash, scopes, revoked_at ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION notify_api_keys();

CREATE VIEW v_contact_summary AS
SELECT (timestamp AT TIME ZONE 'UTC')::date AS day,
       count(*) AS total_contacts,
       count(DISTINCT lower(email)) AS unique_emails,
       count(*) FILTER (WHERE status = 'new') AS new_contacts,
       count(*) FILTER (WHERE status = 'contacted') AS contacted_contacts,
       count(*) FILTER (WHERE status = 'closed') AS closed_contacts
FROM contact_submissions
GROUP BY 1;
