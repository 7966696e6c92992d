using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Platform.Api.Audit;
using Platform.Api.Security;
using Platform.Api.Storage;

namespace Platform.Api.Backups;

internal static class BackupEndpoints
{
    private const string Path = "/admin/backups";

    /// <summary>Adds what makes backups, reads them and restores them.</summary>
    public static void AddBackups(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<BackupOptions>()
            .BindConfiguration(BackupOptions.Section)
            .PostConfigure<IConfiguration>((options, configuration) =>
                options.Url = BackupDestination.WithKeys(options.Url, configuration.GetConnectionString(S3ObjectStore.ConnectionName)))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        // Only where there is one: whoever can do without takes null for it.
        if (builder.Configuration[$"{BackupOptions.Section}:{nameof(BackupOptions.Url)}"] is { Length: > 0 })
        {
            builder.Services.AddSingleton(
                services => BackupDestination.Create(services.GetRequiredService<IOptions<BackupOptions>>().Value.Url));
        }
        builder.Services.AddSingleton<BackupStore>();
        builder.Services.AddSingleton<BackupArchives>();
        builder.Services.AddSingleton<BackupVerification>();
        builder.Services.AddSingleton<BackupMetrics>();
        builder.Services.AddSingleton<Restore>();
        builder.Services.AddSingleton<BackupRunner>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BackupRunner>());
    }

    public static void MapBackups(this IEndpointRouteBuilder app)
    {
        var backups = app.MapGroup(Path).RequireScope(Scopes.Admin).WithTags("Backups");
        backups.MapGet("", ListAsync)
            .WithName("ListBackups")
            .WithSummary("The archives at the destination, newest first, when the next one is due, and how the one that is being made gets on.")
            .Produces<BackupList>()
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        backups.MapPost("", StartAsync)
            .WithName("StartBackup")
            .WithSummary("Begins a backup of the database and all objects.")
            .Produces<StartedBackup>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        backups.MapGet("/{name}", FindAsync)
            .WithName("GetBackup")
            .WithSummary("What is known of an archive.")
            .Produces<Backup>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        backups.MapPost("/{name}/verify", VerifyAsync)
            .WithName("VerifyBackup")
            .WithSummary("Reads an archive from its beginning to its end, compares it with its checksums. What takes longer than 20 s goes on after the answer 202.")
            .Produces<Backup>()
            .Produces<Backup>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        backups.MapDelete("/{name}", DeleteAsync)
            .WithName("DeleteBackup")
            .WithSummary("Deletes an archive. The newest one that is whole stays.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> ListAsync(
        HttpResponse response, BackupStore store, BackupArchives archives, BackupRunner runner, IOptions<BackupOptions> options,
        CancellationToken cancellationToken)
    {
        response.Headers.CacheControl = "no-store";
        var history = await store.ReadAsync(cancellationToken);
        return TypedResults.Json(
            new(
                archives.IsEnabled,
                archives.IsEnabled ? archives.Destination.Description : null,
                options.Value.IsEncrypted,
                options.Value.Interval.TotalSeconds,
                runner.DueAt(history),
                BackupRetention.Parse(options.Value.Keep),
                history.Running is { } running ? new(running.Name, running.StartedAt, running.Objects, running.Bytes) : null,
                history.LastFailure is { } failure ? new(failure.FinishedAt ?? failure.StartedAt, failure.Reason ?? "") : null,
                archives.IsEnabled ? await archives.ListAsync(history, cancellationToken) : []),
            BackupJson.Default.BackupList);
    }

    private static async Task<IResult> StartAsync(
        HttpContext context, BackupArchives archives, BackupRunner runner, CancellationToken cancellationToken)
    {
        if (!archives.IsEnabled)
        {
            return Conflict("Backups are off: the setting Backups:Url says where they go, and it is empty.");
        }
        if (await runner.TryStartAsync(context, cancellationToken) is not { } name)
        {
            return Conflict("A backup is being made already.");
        }
        context.Response.Headers.Location = $"{Path}/{name}";
        return TypedResults.Json(
            new(name.ToString(), name.CreatedAt), BackupJson.Default.StartedBackup, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> FindAsync(
        string name, HttpResponse response, BackupStore store, BackupArchives archives, CancellationToken cancellationToken)
    {
        response.Headers.CacheControl = "no-store";
        return await LookUpAsync(name, store, archives, cancellationToken) is { } backup
            ? TypedResults.Json(backup, BackupJson.Default.Backup)
            : NotFound();
    }

    private static async Task<IResult> VerifyAsync(
        string name, HttpContext context, BackupStore store, BackupArchives archives, BackupVerification verification,
        CancellationToken cancellationToken)
    {
        if (!ArchiveName.TryParse(name, out var archive) || await LookUpAsync(name, store, archives, cancellationToken) is not { } before)
        {
            return NotFound();
        }
        try
        {
            if (await verification.VerifyAsync(archive, context, cancellationToken))
            {
                return await FindAsync(name, context.Response, store, archives, cancellationToken);
            }
            context.Response.Headers.Location = $"{Path}/{name}";
            return TypedResults.Json(before, BackupJson.Default.Backup, statusCode: StatusCodes.Status202Accepted);
        }
        catch (ObjectNotFoundException)
        {
            // Its time has passed meanwhile.
            return NotFound();
        }
        catch (BackupException unreadable)
        {
            return Conflict(unreadable.Message);
        }
    }

    private static async Task<IResult> DeleteAsync(
        string name, HttpContext context, BackupStore store, BackupArchives archives, CancellationToken cancellationToken)
    {
        if (!archives.IsEnabled || !ArchiveName.TryParse(name, out var archive))
        {
            return NotFound();
        }
        var backups = await archives.ListAsync(await store.ReadAsync(cancellationToken), cancellationToken);
        if (backups.TrueForAll(backup => backup.Name != name))
        {
            return NotFound();
        }
        if (backups.Find(backup => !backup.Damaged)?.Name == name)
        {
            return Conflict("It is the newest backup. Make another one first.");
        }
        await archives.DeleteAsync(archive, AuditLog.Entry(context, "backup.deleted", BackupArchives.Subject(archive)), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Backup?> LookUpAsync(
        string name, BackupStore store, BackupArchives archives, CancellationToken cancellationToken) => archives.IsEnabled
            ? (await archives.ListAsync(await store.ReadAsync(cancellationToken), cancellationToken)).Find(backup => backup.Name == name)
            : null;

    private static ProblemHttpResult NotFound() => TypedResults.Problem("There is no such backup.", statusCode: StatusCodes.Status404NotFound);

    private static ProblemHttpResult Conflict(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status409Conflict);
}
