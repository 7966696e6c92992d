-- Who did what, answers that are given again, mail that is still to be sent, and notes about contacts.

CREATE TABLE audit_log (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL DEFAULT now(),
    actor          text NOT NULL CHECK (char_length(actor) BETWEEN 1 AND 200),
    action         text NOT NULL CHECK (char_length(action) BETWEEN 1 AND 100),
    subject        text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 300),
    details        jsonb NOT NULL DEFAULT '{}',
    correlation_id text
);

CREATE INDEX audit_log_subject ON audit_log (subject, id DESC);
CREATE INDEX audit_log_actor ON audit_log (actor, id DESC);
CREATE INDEX audit_log_action ON audit_log (action, id DESC);
CREATE INDEX audit_log_at ON audit_log (at);

-- The first answer to a request with an Idempotency-Key, for 24 hours.
CREATE TABLE idempotency_keys (
    -- Whose key it is, and of which endpoint: two clients may choose the same one.
    scope       text NOT NULL,
    key         text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    -- SHA-256 of what was asked.
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    status      integer NOT NULL,
    location    text,
    body        text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);

CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
-- Whoever erases a contact erases the answers that name it. The body is JSON.
CREATE INDEX idempotency_keys_contact ON idempotency_keys ((coalesce(body::jsonb ->> 'contactId', body::jsonb ->> 'contact_id')));

-- Messages that are written with what they tell of, and sent afterwards.
CREATE TABLE outbox (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind       text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 50),
    -- Ids only: what is told is read when it is sent.
    payload    jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    attempts   integer NOT NULL DEFAULT 0,
    -- Not before; while a message is being sent, the end of the sender's lease.
    send_after timestamptz NOT NULL DEFAULT now(),
    last_error text,
    sent_at    timestamptz,
    -- Given up after the last attempt, and kept.
    failed_at  timestamptz
);

CREATE INDEX outbox_waiting ON outbox (send_after) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_failed ON outbox (failed_at) WHERE failed_at IS NOT NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_contact ON outbox ((payload ->> 'contact_id'));

CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY outbox;
    RETURN NULL;
END
$$;

CREATE TRIGGER outbox_added AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox();

ALTER TABLE contact_submissions ADD COLUMN notes text NOT NULL DEFAULT '' CHECK (char_length(notes) <= 5000);
