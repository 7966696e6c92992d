-- The backups that were made, and the one that is being made. The archives themselves are elsewhere: a row says what is known of one.

CREATE TABLE backups (
    -- Of the archive.
    name        text PRIMARY KEY CHECK (char_length(name) BETWEEN 1 AND 100),
    -- Whoever makes one holds an advisory lock: without it, a row that is 'running' was left by a process that died.
    state       text NOT NULL CHECK (state IN ('running', 'completed', 'failed')),
    -- Null for an archive that was found, such as after a restore.
    trigger     text CHECK (trigger IN ('scheduled', 'requested')),
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    -- How far it has come: objects, and bytes before they are compressed.
    objects     bigint NOT NULL DEFAULT 0,
    bytes       bigint NOT NULL DEFAULT 0,
    size        bigint,
    sha256      text,
    contacts    bigint,
    documents   bigint,
    verified_at timestamptz,
    is_damaged  boolean NOT NULL DEFAULT false,
    -- Made by this system, or there when it was restored. Another system's is not ours to delete: one that was begun empty by mistake would
    -- throw away what it should have been restored from.
    is_ours     boolean NOT NULL DEFAULT true,
    -- For a person: why it failed.
    reason      text
);

CREATE INDEX backups_started ON backups (started_at DESC);
