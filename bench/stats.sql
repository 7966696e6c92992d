-- What GET /stats reads.
SELECT coalesce((SELECT count FROM website_visitors WHERE id = 'visitor_count'), 0);
