using System.Globalization;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Audit;
using Platform.Api.Documents;
using Platform.Api.Idempotency;
using Platform.Api.Notifications;
using Platform.Api.Visitors;

namespace Platform.Api.Contacts;

/// <summary>The table contact_submissions.</summary>
internal sealed class ContactStore(NpgsqlDataSource database, VisitorCounter counter, MailOptions mail)
{
    private const string Columns = """
        id, name, email, company, service, budget, message, timestamp, status, source, user_agent, page_url, document_insights,
        created_at, updated_at, notes, last_updated
        """;

    /// <summary>
    /// Inserts the contacts and counts each as a visitor, in one statement, which is one transaction and one round trip. The counter's row
    /// is locked last, so that it is held for the commit only. In the same transaction go the messages to the owner, where there is mail,
    /// and the answers of those that have an Idempotency-Key: one that is taken fails them all (<see cref="IdempotencyKeys.IsTaken"/>).
    /// </summary>
    /// <returns>The counter's value after the last contact.</returns>
    public async Task<long> AddAsync(IReadOnlyList<NewContact> contacts, CancellationToken cancellationToken)
    {
        var command = new NpgsqlBatchCommand();
        AddText(contacts.Select(contact => contact.Id));
        Add(contacts.Select(contact => contact.Timestamp), NpgsqlDbType.TimestampTz);
        AddText(contacts.Select(contact => contact.Name));
        AddText(contacts.Select(contact => contact.Email));
        AddText(contacts.Select(contact => contact.Message));
        AddText(contacts.Select(contact => contact.Company));
        AddText(contacts.Select(contact => contact.Service));
        AddText(contacts.Select(contact => contact.Budget));
        AddText(contacts.Select(contact => contact.Source));
        AddText(contacts.Select(contact => contact.UserAgent));
        AddText(contacts.Select(contact => contact.PageUrl));
        var added = $"""
            WITH added AS (
                INSERT INTO contact_submissions
                    (id, timestamp, name, email, message, company, service, budget, source, user_agent, page_url)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                RETURNING id
            )
            {(mail.IsOn ? Outbox.InsertAdded : "")}
            """;
        await using var batch = database.CreateBatch();
        if (contacts.Any(contact => contact.Answer is not null))
        {
            var keyed = contacts.Index().Where(contact => contact.Item.Answer is not null).ToList();
            var answers = keyed.ConvertAll(contact => contact.Item.Answer!);
            batch.BatchCommands.Add(IdempotencyKeys.DeleteExpired(answers));
            AddText(answers.Select(answer => answer.Scope));
            AddText(answers.Select(answer => answer.Key));
            Add(answers.Select(answer => answer.Answer.Fingerprint), NpgsqlDbType.Bytea);
            Add(answers.Select(answer => answer.Answer.Status), NpgsqlDbType.Integer);
            AddText(answers.Select(answer => answer.Answer.Location!));
            AddText(answers.Select(answer => answer.Answer.Body));
            Add(keyed.Select(contact => (long)(contacts.Count - 1 - contact.Index)), NpgsqlDbType.Bigint);
            // A contact's own value of the counter is known only here.
            command.CommandText = $"""
                {added}, counted AS ({VisitorCounter.IncrementByAdded}), answered AS (
                    INSERT INTO idempotency_keys (scope, key, fingerprint, status, location, body)
                    SELECT scope, key, fingerprint, status, location,
                        replace(body, '"visitor_count":0', '"visitor_count":' || counted.count - later)
                    FROM counted, unnest($12, $13, $14, $15, $16, $17, $18) AS answer (scope, key, fingerprint, status, location, body, later)
                )
                SELECT count FROM counted
                """;
        }
        else
        {
            command.CommandText = added + VisitorCounter.IncrementByAdded;
        }
        batch.BatchCommands.Add(command);
        var count = (long)(await batch.ExecuteScalarAsync(cancellationToken))!;
        counter.Observe(count);
        return count;

        void AddText(IEnumerable<string> values) => Add(values, NpgsqlDbType.Text);

        void Add<T>(IEnumerable<T> values, NpgsqlDbType type) =>
            command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type });
    }

    /// <summary>Moves the contact on its way and notes what there is to note; null stays as it is.</summary>
    public async Task<ContactChange> ChangeAsync(string id, string? status, string? notes, HttpContext context, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LockAsync(connection, id, cancellationToken) is not { } current)
        {
            return new(Contact: null, Current: null);
        }
        if (status is not null && !ContactStatus.CanBecome(current, status))
        {
            return new(Contact: null, current);
        }
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(new($"""
            UPDATE contact_submissions SET status = coalesce($2, status), notes = coalesce($3, notes), last_updated = now()
            WHERE id = $1 RETURNING {Columns}
            """)
        {
            Parameters =
            {
                new() { Value = id },
                new() { Value = (object?)status ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = (object?)notes ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            },
        });
        var details = new Dictionary<string, string>();
        if (status is not null && status != current)
        {
            details.Add("from", current);
            details.Add("to", status);
        }
        if (notes is not null)
        {
            details.Add("notes", "changed");
        }
        batch.BatchCommands.Add(AuditLog.Entry(context, "contact.changed", Subject(id), details));
        Contact contact;
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            contact = Read(reader);
        }
        await transaction.CommitAsync(cancellationToken);
        return new(contact, current);
    }

    /// <summary>Deletes the contact with everything that is held about it. False when there is none.</summary>
    public async Task<bool> EraseAsync(string id, HttpContext context, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // The lock keeps documents from being added meanwhile: their foreign key waits, and then fails.
        if (await LockAsync(connection, id, cancellationToken) is null)
        {
            return false;
        }
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(DocumentErasure.OfContact(id, context.Actor()));
        // As processing writes it.
        Add("DELETE FROM analytics_events WHERE event_data @> jsonb_build_object('contact_id', $1::text)");
        Add("DELETE FROM outbox WHERE payload ->> 'contact_id' = $1");
        Add("DELETE FROM idempotency_keys WHERE coalesce(body::jsonb ->> 'contactId', body::jsonb ->> 'contact_id') = $1");
        Add("DELETE FROM contact_submissions WHERE id = $1");
        batch.BatchCommands.Add(AuditLog.Entry(context, "contact.erased", Subject(id)));
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;

        void Add(string sql) => batch.BatchCommands.Add(new(sql) { Parameters = { new() { Value = id } } });
    }

    /// <summary>How the audit log names a contact.</summary>
    public static string Subject(string id) => $"contact:{id}";

    /// <summary>The contact's status; its row is held until the transaction ends. Null when there is no such contact.</summary>
    private static async Task<string?> LockAsync(NpgsqlConnection connection, string id, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT status FROM contact_submissions WHERE id = $1 FOR UPDATE", connection)
        {
            Parameters = { new() { Value = id } },
        };
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    public async Task<Contact?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT {Columns} FROM contact_submissions WHERE id = $1");
        command.Parameters.Add(new() { Value = id });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    /// <summary>A page, newest first. What comes while a client turns pages neither repeats nor hides anything.</summary>
    public async Task<ContactPage> ListAsync(ContactQuery query, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand();
        var conditions = new List<string>();
        Where("status = {0}", query.Status);
        Where("source = {0}", query.Source);
        Where("timestamp >= {0}", query.From);
        Where("timestamp < {0}", query.To);
        Where(
            "(name ILIKE {0} OR email ILIKE {0} OR company ILIKE {0} OR message ILIKE {0})",
            query.Text is { } text ? $"%{Escape(text)}%" : null);
        if (query.After is { } after)
        {
            conditions.Add($"(timestamp, id) < ({Parameter(after.Timestamp)}, {Parameter(after.Id)})");
        }
        command.CommandText = $"""
            SELECT {Columns} FROM contact_submissions
            {(conditions.Count > 0 ? "WHERE " + string.Join(" AND ", conditions) : "")}
            ORDER BY timestamp DESC, id DESC LIMIT {Parameter(query.Limit + 1)}
            """;
        var contacts = new List<Contact>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            contacts.Add(Read(reader));
        }
        // One more than was asked for tells whether there is a next page.
        if (contacts.Count <= query.Limit)
        {
            return new(contacts, NextCursor: null);
        }
        contacts.RemoveAt(query.Limit);
        return new(contacts, new ContactCursor(contacts[^1].Timestamp, contacts[^1].Id).ToString());

        void Where(string condition, object? value)
        {
            if (value is not null)
            {
                conditions.Add(string.Format(CultureInfo.InvariantCulture, condition, Parameter(value)));
            }
        }

        string Parameter(object value)
        {
            command.Parameters.Add(new() { Value = value });
            return $"${command.Parameters.Count}";
        }
    }

    /// <summary>The text means itself in a LIKE pattern.</summary>
    private static string Escape(string text) =>
        text.Replace(@"\", @"\\", StringComparison.Ordinal)
            .Replace("%", @"\%", StringComparison.Ordinal)
            .Replace("_", @"\_", StringComparison.Ordinal);

    private static Contact Read(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetString(0),
        Name = reader.GetString(1),
        Email = reader.GetString(2),
        Company = reader.GetString(3),
        Service = reader.GetString(4),
        Budget = reader.GetString(5),
        Message = reader.GetString(6),
        Timestamp = reader.GetDateTime(7),
        Status = reader.GetString(8),
        Source = reader.GetString(9),
        UserAgent = reader.GetString(10),
        PageUrl = reader.GetString(11),
        DocumentInsights = reader.IsDBNull(12) ? null : reader.GetFieldValue<JsonElement>(12),
        CreatedAt = reader.GetDateTime(13),
        UpdatedAt = reader.GetDateTime(14),
        Notes = reader.GetString(15),
        LastUpdated = reader.IsDBNull(16) ? null : reader.GetDateTime(16),
    };
}

/// <summary>What became of a change.</summary>
/// <param name="Contact">As it is now; null when nothing was changed.</param>
/// <param name="Current">The status before; null when there is no such contact.</param>
internal sealed record ContactChange(Contact? Contact, string? Current);
