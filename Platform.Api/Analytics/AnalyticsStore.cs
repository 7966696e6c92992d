using Npgsql;
using NpgsqlTypes;

namespace Platform.Api.Analytics;

/// <summary>Questions to contacts, documents and events, and the table analytics_events.</summary>
internal sealed class AnalyticsStore(NpgsqlDataSource database, TimeProvider time)
{
    private const int TopContacts = 10;

    public async Task AddAsync(Guid id, NewEvent sent, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "INSERT INTO analytics_events (id, event_type, timestamp, event_data) VALUES ($1, $2, $3, $4)");
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = sent.EventType });
        command.Parameters.Add(new() { Value = time.GetUtcNow().UtcDateTime });
        command.Parameters.Add(new() { Value = sent.EventData?.GetRawText() ?? "{}", NpgsqlDbType = NpgsqlDbType.Jsonb });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>All totals, in one round trip.</summary>
    public async Task<Insights> ReadInsightsAsync(CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new("""
            SELECT 'new', coalesce(sum(new_contacts), 0)::bigint FROM v_contact_summary
            UNION ALL SELECT 'contacted', coalesce(sum(contacted_contacts), 0)::bigint FROM v_contact_summary
            UNION ALL SELECT 'closed', coalesce(sum(closed_contacts), 0)::bigint FROM v_contact_summary
            """));
        batch.BatchCommands.Add(new("""
            SELECT document_type, sum(total_documents)::bigint AS total FROM v_document_summary GROUP BY 1 ORDER BY total DESC, 1 LIMIT 100
            """));
        batch.BatchCommands.Add(new("""
            SELECT status, count(id) FROM unnest(ARRAY['pending', 'processing', 'completed', 'failed']) AS known (status)
                LEFT JOIN documents ON processing_status = status AND deleted_at IS NULL
            GROUP BY 1
            """));
        batch.BatchCommands.Add(new("""
            SELECT coalesce(language_detected, 'unknown'), count(*) AS total FROM documents
            WHERE deleted_at IS NULL AND processing_status = 'completed' GROUP BY 1 ORDER BY total DESC, 1 LIMIT 50
            """));
        batch.BatchCommands.Add(new("SELECT coalesce(sum(total_size), 0)::bigint FROM v_document_summary"));
        batch.BatchCommands.Add(new($"""
            SELECT contact_id, name, company, total_documents, total_size, last_document_upload FROM v_top_contacts
            ORDER BY total_documents DESC, last_document_upload DESC LIMIT {TopContacts}
            """));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var contacts = await ReadCountsAsync();
        var types = await ReadCountsAsync();
        var processing = await ReadCountsAsync();
        var languages = await ReadCountsAsync();
        await reader.ReadAsync(cancellationToken);
        var size = reader.GetInt64(0);
        await reader.NextResultAsync(cancellationToken);
        var top = new List<TopContact>();
        while (await reader.ReadAsync(cancellationToken))
        {
            top.Add(new(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetDateTime(5)));
        }
        return new(
            contacts.Values.Sum(), contacts, processing.Values.Sum(), size, types, processing, languages, top, time.GetUtcNow().UtcDateTime);

        async Task<Dictionary<string, long>> ReadCountsAsync()
        {
            var counts = new Dictionary<string, long>();
            while (await reader.ReadAsync(cancellationToken))
            {
                counts.Add(reader.GetString(0), reader.GetInt64(1));
            }
            await reader.NextResultAsync(cancellationToken);
            return counts;
        }
    }

    /// <summary>A point for each interval, those in which nothing came included.</summary>
    public async Task<Timeseries> ReadTimeseriesAsync(TimeseriesQuery query, CancellationToken cancellationToken)
    {
        var source = query.Metric switch
        {
            "contacts" => "SELECT timestamp FROM contact_submissions WHERE timestamp >= $2 AND timestamp < $3",
            "visits" => Events("event_type = 'visit'"),
            "documents_processed" => Events("event_type = 'document_processed'"),
            "documents_failed" => Events("event_type = 'document_failed'"),
            "events" => Events("true"),
            _ => "SELECT upload_timestamp FROM documents WHERE upload_timestamp >= $2 AND upload_timestamp < $3 AND deleted_at IS NULL",
        };
        await using var command = database.CreateCommand($"""
            SELECT point, coalesce(total, 0)
            FROM generate_series(date_trunc($1, $2, 'UTC'), $3 - interval '1 microsecond', ('1 ' || $1)::interval, 'UTC') AS point
                LEFT JOIN (
                    SELECT date_trunc($1, at, 'UTC') AS point, count(*) AS total FROM ({source}) AS source (at) GROUP BY 1
                ) AS counted USING (point)
            ORDER BY point
            """);
        command.Parameters.Add(new() { Value = query.Interval });
        command.Parameters.Add(new() { Value = query.From });
        command.Parameters.Add(new() { Value = query.To });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var points = new List<Point>();
        while (await reader.ReadAsync(cancellationToken))
        {
            points.Add(new(reader.GetDateTime(0), reader.GetInt64(1)));
        }
        return new(query.Metric, query.Interval, query.From, query.To, points);

        static string Events(string condition) =>
            $"SELECT timestamp FROM analytics_events WHERE timestamp >= $2 AND timestamp < $3 AND {condition}";
    }
}
