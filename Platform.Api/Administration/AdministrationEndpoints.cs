using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Backups;
using Platform.Api.Documents.Processing;
using Platform.Api.Search;
using Platform.Api.Security;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Administration;

internal static class AdministrationEndpoints
{
    /// <summary>A store that takes longer to list is reported as far as it was seen.</summary>
    private static readonly TimeSpan ListingTime = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private static readonly string Version = typeof(AdministrationEndpoints).Assembly.GetName().Version!.ToString(3);

    /// <summary>Maps everything below /admin.</summary>
    public static void MapAdministration(this IEndpointRouteBuilder app)
    {
        app.MapApiKeys();
        app.MapAudit();
        app.MapTasks();
        app.MapBackups();
        app.MapGet("/admin/system-info", SystemInfoAsync)
            .RequireScope(Scopes.Admin)
            .WithTags("Administration")
            .WithName("GetSystemInfo")
            .WithSummary("Versions, and what is in the database, the object store, the search index and the queue.")
            .Produces<SystemInfo>()
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> SystemInfoAsync(
        NpgsqlDataSource database, IObjectStore store, ISearchIndex index, TaskQueue queue, TimeProvider time, CancellationToken cancellationToken)
    {
        var databaseInfo = ReadDatabaseAsync(database, cancellationToken);
        var storageInfo = ReadStorageAsync(store, cancellationToken);
        var search = index.GetStatisticsAsync(cancellationToken);
        var tasks = queue.CountAsync(cancellationToken);
        await Task.WhenAll(databaseInfo, storageInfo, search, tasks);
        return TypedResults.Json(
            new SystemInfo(
                Version,
                RuntimeInformation.FrameworkDescription,
                time.GetUtcNow().UtcDateTime,
                await databaseInfo,
                await storageInfo,
                await search,
                await tasks),
            AdministrationJson.Default.SystemInfo);
    }

    private static async Task<DatabaseInfo> ReadDatabaseAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT current_setting('server_version'), pg_database_size(current_database()),
                (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),
                (SELECT count(*) FROM contact_submissions), (SELECT count(*) FROM documents WHERE deleted_at IS NULL),
                (SELECT count(*) FROM documents WHERE deleted_at IS NOT NULL), (SELECT coalesce(sum(size), 0)::bigint FROM documents)
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(
            reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5),
            reader.GetInt64(6));
    }

    private static async Task<StorageInfo> ReadStorageAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        var (objects, bytes) = (0L, 0L);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ListingTime);
        try
        {
            await foreach (var stored in store.ListAsync("", limit.Token))
            {
                objects++;
                bytes += stored.Size;
            }
            return new(objects, bytes, IsComplete: true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return objects > 0 ? new(objects, bytes, IsComplete: false) : throw new ServiceUnavailableException("object store", RetryAfter);
        }
    }
}

/// <summary>The answer of GET /admin/system-info.</summary>
internal sealed record SystemInfo(
    string Version,
    string Runtime,
    DateTime Timestamp,
    DatabaseInfo Database,
    StorageInfo Storage,
    SearchStatistics Search,
    IReadOnlyDictionary<string, long> Tasks);

/// <param name="Size">On disk, in bytes.</param>
/// <param name="DocumentBytes">Of all documents, those in the trash included.</param>
internal sealed record DatabaseInfo(
    string Version, long Size, long Connections, long Contacts, long Documents, long Trash, long DocumentBytes);

/// <param name="IsComplete">False when there was no time to see all: the numbers are at least.</param>
internal sealed record StorageInfo(long Objects, long Bytes, bool IsComplete);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SystemInfo))]
internal sealed partial class AdministrationJson : JsonSerializerContext;
