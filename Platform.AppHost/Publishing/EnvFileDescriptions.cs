using Aspire.Hosting.Docker;

namespace Platform.AppHost.Publishing;

/// <summary>What stands above each variable of the <c>.env</c> file: what it is, and how to get a value.</summary>
internal static class EnvFileDescriptions
{
    private static readonly HashSet<string> Optional = [
        KnownParameters.BackupInterval, KnownParameters.BackupKeep, KnownParameters.BackupKey, KnownParameters.BackupUrl,
        KnownParameters.MailTo, KnownParameters.SmtpUrl,
        KnownParameters.OidcAuthority, KnownParameters.OidcClientId, KnownParameters.OidcClientSecret,
        KnownParameters.AlertWebhookUrl, KnownParameters.PagerDutyKey, KnownParameters.SlackUrl,
    ];

    /// <summary>Whether the variable may stay empty.</summary>
    public static bool IsOptional(string variable) => Optional.Any(name => Variable(name) == variable);

    /// <summary>Describes every variable that is a parameter or an image.</summary>
    public static void Describe(IDictionary<string, CapturedEnvironmentVariable> variables)
    {
        foreach (var (name, variable) in variables)
        {
            variable.Description = variable.Source switch
            {
                ParameterResource parameter => Describe(parameter),
                _ when name.EndsWith("_IMAGE", StringComparison.Ordinal) =>
                    "Optional. The image of the service, where it is not the one that `dotnet publish -t:PublishContainer` makes.",
                _ => variable.Description,
            };
        }
    }

    private static string Describe(ParameterResource parameter)
    {
        if (Optional.Contains(parameter.Name))
        {
            return $"Optional. {KnownParameters.Description(parameter.Name)}";
        }

        // A semicolon would end a value inside a connection string, and a dollar sign begins a variable in .env.
        var how = parameter.Name switch
        {
            KnownParameters.StorageUser => " Letters and digits only, such as `platform`.",
            KnownParameters.TunnelToken => "",
            _ when parameter.Secret => " Letters and digits only, such as the output of `openssl rand -hex 32`.",
            _ => "",
        };
        return $"Required. {KnownParameters.Description(parameter.Name)}{how}";
    }

    private static string Variable(string parameter) => parameter.ToUpperInvariant().Replace('-', '_');
}
