using Npgsql;
using NpgsqlTypes;
using Platform.Api.Visitors;

namespace Platform.Api.Contacts;

/// <summary>The table contact_submissions.</summary>
internal sealed class ContactStore(NpgsqlDataSource database, VisitorCounter counter)
{
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
}
