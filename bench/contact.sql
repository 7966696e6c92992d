-- What POST /contact does, one prepared statement and one transaction a submission.
\set n random(1, 1000000000)
WITH added AS (
    INSERT INTO contact_submissions (id, timestamp, name, email, message, company, service, budget, source, user_agent, page_url)
    VALUES ('contact_' || replace(uuidv7()::text, '-', ''), now(), 'Person ' || :n::text, 'person' || :n::text || '@example.org',
        'Hello, this is message number ' || :n::text || '. Please call me back about the offer.', 'Example Ltd', 'consulting', 'Not specified', 'website', '', '')
    RETURNING 1
)
INSERT INTO website_visitors AS counter (id, count)
SELECT 'visitor_count', count(*) FROM added
ON CONFLICT (id) DO UPDATE SET count = counter.count + excluded.count, last_updated = now()
RETURNING counter.count;
