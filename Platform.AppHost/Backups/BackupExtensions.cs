using System.Globalization;
using System.Text.RegularExpressions;

namespace Platform.AppHost.Backups;

/// <summary>Where the API's archives go, how often it makes one, and how many it keeps.</summary>
internal static partial class BackupExtensions
{
    private const string StandardInterval = "1.00:00:00";
    private const string StandardKeep = "7,4,12";
    private const int ShortestKey = 32;

    /// <summary>Archives of this machine lie beside the data folder: who deletes that still has them.</summary>
    public static IResourceBuilder<ProjectResource> WithBackupFolder(this IResourceBuilder<ProjectResource> api)
    {
        var data = Path.TrimEndingDirectorySeparator(api.ApplicationBuilder.DataDirectory());
        return api.WithBackups(ReferenceExpression.Create($"{data}-backups"));
    }

    /// <summary>Has the API back up to where the parameter <c>backup-url</c> says; when it says nothing, to the standard destination.</summary>
    public static IResourceBuilder<ProjectResource> WithBackups(this IResourceBuilder<ProjectResource> api, ReferenceExpression destination)
    {
        var builder = api.ApplicationBuilder;
        builder.CheckGiven(KnownParameters.BackupUrl, IsDestination, "is neither the full path of a folder nor s3://KEY:SECRET@HOST/BUCKET");
        builder.CheckGiven(KnownParameters.BackupInterval, IsInterval, "is no time such as 1.00:00:00 or 06:00:00");
        builder.CheckGiven(KnownParameters.BackupKeep, Keep().IsMatch, "is not how many daily, weekly and monthly ones to keep, such as 7,4,12");
        builder.CheckGiven(KnownParameters.BackupKey, key => key.Length is 0 or >= ShortestKey, $"has to have at least {ShortestKey} characters");

        api.WithChoice("Backups__Url", KnownParameters.BackupUrl, destination, secret: true)
            .WithChoice("Backups__Interval", KnownParameters.BackupInterval, ReferenceExpression.Create($"{StandardInterval}"))
            .WithChoice("Backups__Keep", KnownParameters.BackupKeep, ReferenceExpression.Create($"{StandardKeep}"));
        return builder.ExecutionContext.IsRunMode && string.IsNullOrEmpty(builder.Given(KnownParameters.BackupKey))
            ? api
            : api.WithEnvironment("Backups__EncryptionKey", builder.AddChoice(KnownParameters.BackupKey, "", secret: true));
    }

    /// <summary>
    /// A variable that is what the parameter says, and the standard value when it says nothing: of what Aspire runs, now; of what is published,
    /// when Compose starts it.
    /// </summary>
    private static IResourceBuilder<ProjectResource> WithChoice(
        this IResourceBuilder<ProjectResource> api, string variable, string parameter, ReferenceExpression standard, bool secret = false)
    {
        var builder = api.ApplicationBuilder;
        if (builder.ExecutionContext.IsPublishMode)
        {
            var choice = builder.AddChoice(parameter, "", secret);
            return api.WithEnvironment(variable, standard).PublishAsDockerComposeService((resource, service) =>
                service.Environment[variable] = $"{choice.AsEnvironmentPlaceholder(resource)[..^1]}:-{service.Environment[variable]}}}");
        }

        return builder.Given(parameter) is { } given
            ? api.WithEnvironment(variable, builder.AddChoice(parameter, given, secret))
            : api.WithEnvironment(variable, standard);
    }

    /// <summary>A value that means nothing stops the start. It may be a secret, and is not shown.</summary>
    private static void CheckGiven(this IDistributedApplicationBuilder builder, string parameter, Func<string, bool> isRight, string wrong)
    {
        if (builder.ExecutionContext.IsRunMode && builder.Given(parameter) is { } given && !isRight(given))
        {
            builder.Refuse($"The parameter {parameter} {wrong}: correct it, or take it away.");
        }
    }

    private static bool IsDestination(string url) =>
        url.Length == 0 || Path.IsPathFullyQualified(url)
        || (Uri.TryCreate(url, UriKind.Absolute, out var bucket) && bucket.Scheme is "s3" or "s3+http"
            && bucket.UserInfo.Contains(':', StringComparison.Ordinal) && bucket.AbsolutePath.Length > 1);

    private static bool IsInterval(string interval) =>
        TimeSpan.TryParse(interval, CultureInfo.InvariantCulture, out var time) && time >= TimeSpan.Zero;

    [GeneratedRegex(@"^\d{1,4},\d{1,4},\d{1,4}$")]
    private static partial Regex Keep();
}
