using Npgsql;
using Platform.Api.Requests;
using Platform.ServiceDefaults.Correlation;

namespace Platform.Api.Audit;

/// <summary>What the edge tells of who signed in and out, at POST /admin/audit.</summary>
/// <param name="At">When it happened, which may be a while ago: the edge keeps what it could not tell.</param>
internal sealed record EdgeEntry(
    string? Action, string? Actor, string? Subject, IReadOnlyDictionary<string, string?>? Details, DateTimeOffset? At)
{
    private const int MaxDetails = 10;

    private static readonly TextField
        ActionField = new("action", 100, IsRequired: true),
        ActorField = new("actor", 200, IsRequired: true),
        SubjectField = new("subject", 300, IsRequired: true),
        DetailField = new("details", 300);

    public static async Task<IResult> AddAsync(
        EdgeEntry entry, HttpContext context, NpgsqlDataSource database, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = new Dictionary<string, string[]>();
        var (action, actor, subject) = (Check(ActionField, entry.Action), Check(ActorField, entry.Actor), Check(SubjectField, entry.Subject));
        var details = new Dictionary<string, string>();
        foreach (var (name, value) in entry.Details ?? new Dictionary<string, string?>())
        {
            details[Check(DetailField, name)] = Check(DetailField, value);
        }
        if (details.Count > MaxDetails)
        {
            errors[DetailField.Name] = [$"must be at most {MaxDetails}"];
        }
        if (entry.At > time.GetUtcNow() + TimeSpan.FromMinutes(1))
        {
            errors["at"] = ["must not be in the future"];
        }
        if (errors.Count > 0)
        {
            return RequestProblems.Invalid(errors);
        }

        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(AuditLog.Entry(actor, context.GetCorrelationId(), action, subject, details, entry.At));
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return TypedResults.NoContent();

        string Check(TextField field, string? sent)
        {
            var (value, error) = field.Check(sent);
            if (error is not null)
            {
                errors[field.Name] = [error];
            }
            return value;
        }
    }
}
