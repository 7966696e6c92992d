using System.Globalization;
using System.Text;
using Platform.Api.Database;

namespace Platform.Api.Contacts;

/// <summary>
/// The contacts that a query finds, however many, as CSV (RFC 4180). They are read in pages as they are written: memory stays flat, and a
/// slow client holds no connection of the database. What ends in the middle ends the connection: half a file never looks complete.
/// </summary>
internal sealed partial class ContactCsv(ContactStore store, ContactQuery query) : IResult
{
    public const string ContentType = "text/csv";

    private const int RowsRead = 500;
    private const int CharactersWritten = 16 * 1024;
    private const string Header =
        "contactId,name,email,company,service,budget,message,timestamp,status,source,user_agent,page_url,notes,document_insights,"
        + "created_at,updated_at,last_updated\r\n";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var cancellationToken = httpContext.RequestAborted;
        var response = httpContext.Response;
        var rest = query with { Limit = RowsRead };
        // A database that is away is told with a status, as long as nothing is on its way.
        var page = await store.ListAsync(rest, cancellationToken);
        response.ContentType = $"{ContentType}; charset=utf-8; header=present";
        response.Headers.ContentDisposition = "attachment; filename=\"contacts.csv\"";
        response.Headers.CacheControl = "no-store";
        await response.WriteAsync(Header, cancellationToken);
        try
        {
            var rows = new StringBuilder();
            while (true)
            {
                foreach (var contact in page.Contacts)
                {
                    AppendRow(rows, contact);
                    if (rows.Length >= CharactersWritten)
                    {
                        await response.WriteAsync(rows.ToString(), cancellationToken);
                        rows.Clear();
                    }
                }
                if (page.NextCursor is null)
                {
                    await response.WriteAsync(rows.ToString(), cancellationToken);
                    return;
                }
                rest = rest with { After = new(page.Contacts[^1].Timestamp, page.Contacts[^1].Id) };
                page = await store.ListAsync(rest, cancellationToken);
            }
        }
        catch (Exception away) when (DatabaseExceptionHandler.IsUnavailable(away))
        {
            LogCutOff(httpContext.RequestServices.GetRequiredService<ILogger<ContactCsv>>(), away.Message);
            httpContext.Abort();
        }
    }

    private static void AppendRow(StringBuilder row, Contact contact)
    {
        Append(row, contact.Id);
        Append(row.Append(','), contact.Name);
        Append(row.Append(','), contact.Email);
        Append(row.Append(','), contact.Company);
        Append(row.Append(','), contact.Service);
        Append(row.Append(','), contact.Budget);
        Append(row.Append(','), contact.Message);
        Append(row.Append(','), Time(contact.Timestamp));
        Append(row.Append(','), contact.Status);
        Append(row.Append(','), contact.Source);
        Append(row.Append(','), contact.UserAgent);
        Append(row.Append(','), contact.PageUrl);
        Append(row.Append(','), contact.Notes);
        Append(row.Append(','), contact.DocumentInsights?.GetRawText() ?? "");
        Append(row.Append(','), Time(contact.CreatedAt));
        Append(row.Append(','), Time(contact.UpdatedAt));
        Append(row.Append(','), contact.LastUpdated is { } time ? Time(time) : "");
        row.Append("\r\n");

        static string Time(DateTime time) => time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFZ", CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Adds a cell. Spreadsheet programs run what begins like a formula; an apostrophe before it makes it the text that it is.
    /// </summary>
    internal static void Append(StringBuilder row, string value)
    {
        var quoted = value.AsSpan().IndexOfAny(",\"\r\n") >= 0;
        if (quoted)
        {
            row.Append('"');
        }
        if (value is ['=' or '+' or '-' or '@' or '\t' or '\r', ..])
        {
            row.Append('\'');
        }
        row.Append(quoted ? value.Replace("\"", "\"\"", StringComparison.Ordinal) : value);
        if (quoted)
        {
            row.Append('"');
        }
    }

    [LoggerMessage(LogLevel.Warning, "A CSV file was cut off, because the database went away: {Reason}", EventName = "ContactCsvCutOff")]
    private static partial void LogCutOff(ILogger logger, string reason);
}
