using System.Globalization;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Visitors;

namespace Platform.Api.Contacts;

/// <summary>The table contact_submissions.</summary>
internal sealed class ContactStore(NpgsqlDataSource database, VisitorCounter counter)
{
    private const string Columns = """
        id, name, email, company, service, budget, message, timestamp, status, source, user_agent, page_url, document_insights,
        created_at, updated_at
        """;

    /// <summary>
    /// Inserts the contacts and counts each as a visitor, in one statement, which is one transaction and one round trip. The counter's row
    /// is locked last, so that it is held for the commit only.
    /// </summary>
    /// <returns>The counter's value after the last contact.</returns>
    public async Task<long> AddAsync(IReadOnlyList<NewContact> contacts, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH added AS (
                INSERT INTO contact_submissions
                    (id, timestamp, name, email, message, company, service, budget, source, user_agent, page_url)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                RETURNING 1
            )
            """ + VisitorCounter.IncrementByAdded);
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
        var count = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        counter.Observe(count);
        return count;

        void AddText(IEnumerable<string> values) => Add(values, NpgsqlDbType.Text);

        void Add<T>(IEnumerable<T> values, NpgsqlDbType type) =>
            command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type });
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
    };
}
