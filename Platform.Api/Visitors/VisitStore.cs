using Npgsql;
using NpgsqlTypes;

namespace Platform.Api.Visitors;

/// <summary>Visits in the table analytics_events.</summary>
internal sealed class VisitStore(NpgsqlDataSource database, VisitorCounter counter)
{
    /// <summary>Inserts an event a visit and counts them, in one transaction and one round trip.</summary>
    /// <returns>The counter's value after the last visit.</returns>
    public async Task<long> AddAsync(IReadOnlyList<Visit> visits, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH added AS (
                INSERT INTO analytics_events (id, event_type, timestamp, event_data)
                SELECT id, 'visit', timestamp, data::jsonb FROM unnest($1, $2, $3) AS visit (id, timestamp, data)
                RETURNING 1
            )
            """ + VisitorCounter.IncrementByAdded);
        Add(visits.Select(visit => visit.Id), NpgsqlDbType.Uuid);
        Add(visits.Select(visit => visit.Timestamp), NpgsqlDbType.TimestampTz);
        Add(visits.Select(visit => visit.Data), NpgsqlDbType.Text);
        var count = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        counter.Observe(count);
        return count;

        void Add<T>(IEnumerable<T> values, NpgsqlDbType type) =>
            command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type });
    }
}
