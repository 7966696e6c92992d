using Npgsql;
using NpgsqlTypes;

namespace Platform.Api.Notifications;

/// <summary>
/// The table outbox: messages that are written in the transaction of what they tell of. Each is sent at least once: a sender that dies
/// after sending and before <see cref="SentAsync"/> leaves it to the next one.
/// </summary>
internal sealed class Outbox(NpgsqlDataSource database, MailOptions options)
{
    /// <summary>The channel on which the table's trigger tells of new messages.</summary>
    public const string Channel = "outbox";

    /// <summary>Messages that one mail tells of at most; while more than that wait, mails tell of that many.</summary>
    public const int DigestSize = 20;

    /// <summary>A part of a statement whose CTE <c>added</c> has the ids of new contacts: a message for each.</summary>
    public const string InsertAdded = """
        , messages AS (
            INSERT INTO outbox (kind, payload) SELECT 'contact', jsonb_build_object('contact_id', id) FROM added
        )
        """;

    private const string Waiting = "sent_at IS NULL AND failed_at IS NULL";

    /// <summary>The part of a sender's time that is left for writing down what became of a mail.</summary>
    private static readonly TimeSpan TimeToNote = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Takes what the next mail tells of: one message, or many when many wait. It is this sender's for longer than a mail can take, and goes
    /// to the next one when that has passed. Messages whose contact is gone have nothing to tell.
    /// </summary>
    public async Task<List<OutboxMessage>> ClaimAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            WITH due AS (
                SELECT id FROM outbox WHERE {Waiting} AND send_after <= now() ORDER BY send_after, id
                LIMIT CASE WHEN (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE {Waiting} AND send_after <= now() LIMIT {DigestSize + 1}) AS w)
                    > {DigestSize} THEN {DigestSize} ELSE 1 END
                FOR UPDATE SKIP LOCKED
            ), claimed AS (
                UPDATE outbox SET
                    attempts = attempts + 1,
                    send_after = now() + $1,
                    sent_at = CASE WHEN NOT EXISTS (SELECT 1 FROM contact_submissions WHERE id = outbox.payload ->> 'contact_id') THEN now() END
                FROM due WHERE outbox.id = due.id
                RETURNING outbox.id, outbox.payload, outbox.attempts
            )
            SELECT claimed.id, claimed.attempts, contact.id, contact.timestamp, contact.name, contact.email, contact.company,
                contact.service, contact.budget, contact.message, contact.page_url
            FROM claimed JOIN contact_submissions AS contact ON contact.id = claimed.payload ->> 'contact_id'
            ORDER BY contact.timestamp, contact.id
            """);
        command.Parameters.Add(new() { Value = TimeSpan.FromSeconds(options.TimeoutSeconds) + TimeToNote });
        var messages = new List<OutboxMessage>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            messages.Add(new(
                reader.GetGuid(0), reader.GetInt32(1), reader.GetString(2), reader.GetDateTime(3), reader.GetString(4), reader.GetString(5),
                reader.GetString(6), reader.GetString(7), reader.GetString(8), reader.GetString(9), reader.GetString(10)));
        }
        return messages;
    }

    /// <summary>Whether a message could be sent now.</summary>
    public async Task<bool> IsAnyDueAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT EXISTS (SELECT 1 FROM outbox WHERE {Waiting} AND send_after <= now())");
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task SentAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE outbox SET sent_at = now(), last_error = NULL WHERE id = ANY ($1)");
        AddIds(command, messages);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Tries the messages again after a while, 15 minutes at most, or gives them up.</summary>
    /// <param name="reason">For the owner, in the table.</param>
    public async Task FailedAsync(IReadOnlyList<OutboxMessage> messages, string reason, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE outbox SET
                last_error = $2,
                failed_at = CASE WHEN attempts >= $3 THEN now() END,
                send_after = now() + least(interval '15 minutes', interval '5 seconds' * power(2, least(attempts, 20) - 1)) * (0.75 + random() / 4)
            WHERE id = ANY ($1)
            """);
        AddIds(command, messages);
        command.Parameters.Add(new() { Value = reason });
        command.Parameters.Add(new() { Value = options.MaxAttempts });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<OutboxState> ReadStateAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT count(*), (SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL),
                coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
            FROM outbox WHERE {Waiting}
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(reader.GetInt64(0), reader.GetInt64(1), reader.GetDouble(2));
    }

    private static void AddIds(NpgsqlCommand command, IReadOnlyList<OutboxMessage> messages) =>
        command.Parameters.Add(new NpgsqlParameter<Guid[]>
        {
            TypedValue = [.. messages.Select(message => message.Id)],
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid,
        });
}

/// <summary>What is in the outbox.</summary>
/// <param name="Waiting">Messages that are still to be sent.</param>
/// <param name="Failed">Messages that have been given up.</param>
/// <param name="OldestAge">Seconds since the oldest waiting message was written; 0 when none waits.</param>
internal sealed record OutboxState(long Waiting, long Failed, double OldestAge);

/// <summary>A message and the contact that it tells of.</summary>
/// <param name="Attempts">With the one under way.</param>
internal sealed record OutboxMessage(
    Guid Id,
    int Attempts,
    string ContactId,
    DateTime Timestamp,
    string Name,
    string Email,
    string Company,
    string Service,
    string Budget,
    string Message,
    string PageUrl);
