namespace Platform.AppHost.Parameters;

/// <summary>Every parameter that Platform knows, with what it is for. A name that is not here is a mistake, and stops the start.</summary>
internal static class KnownParameters
{
    public const string AdminPassword = "admin-password";
    public const string AdminUser = "admin-user";
    public const string AlertWebhookUrl = "alert-webhook-url";
    public const string ApiKey = "api-key";
    public const string BackupInterval = "backup-interval";
    public const string BackupKeep = "backup-keep";
    public const string BackupKey = "backup-key";
    public const string BackupUrl = "backup-url";
    public const string EdgeKey = "edge-key";
    public const string GrafanaPassword = "grafana-password";
    public const string LinkKey = "link-key";
    public const string MailTo = "mail-to";
    public const string OidcAuthority = "oidc-authority";
    public const string OidcClientId = "oidc-client-id";
    public const string OidcClientSecret = "oidc-client-secret";
    public const string PagerDutyKey = "pagerduty-key";
    public const string PgAdminEmail = "pgadmin-email";
    public const string PgAdminPassword = "pgadmin-password";
    public const string PostgresPassword = "postgres-password";
    public const string SearchKey = "search-key";
    public const string SiteUrl = "site-url";
    public const string SlackUrl = "slack-url";
    public const string SmtpUrl = "smtp-url";
    public const string StoragePassword = "storage-password";
    public const string StorageUser = "storage-user";
    public const string KeycloakPassword = "keycloak-password";
    public const string KeycloakUrl = "keycloak-url";
    public const string TunnelToken = "tunnel-token";

    private static readonly Dictionary<string, string> Descriptions = new(StringComparer.OrdinalIgnoreCase)
    {
        [AdminPassword] = "The password of the administrator who signs in where no OpenID Connect provider is given, at least 12 characters.",
        [AdminUser] = "The name of that administrator.",
        [AlertWebhookUrl] = "An address that alerts are posted to as JSON, as Alertmanager's webhook_config describes it.",
        [ApiKey] = "The bootstrap API key: it has every scope. Give it to the first client, and create narrower keys for the others.",
        [BackupInterval] = "How often a backup is made, such as 1.00:00:00 for once a day or 06:00:00; 00:00:00 for on demand only.",
        [BackupKeep] = "How many daily, weekly and monthly backups are kept, such as 7,4,12.",
        [BackupKey] = "The key that backups are encrypted with, at least 32 characters; empty for none. Without it they cannot be restored: keep a "
            + "copy elsewhere.",
        [BackupUrl] = "Where backups go: the full path of a folder, or s3://KEY:SECRET@HOST/BUCKET with a percent-encoded KEY and SECRET.",
        [EdgeKey] = "The key that the edge signs with when it tells the API who has signed in, at least 32 characters.",
        [GrafanaPassword] = "The password of Grafana's own administrator `admin`, who is not needed: people sign in at the edge.",
        [LinkKey] = "The key that links to documents are signed with. Another one revokes all links.",
        [MailTo] = "Who is told of new contacts by mail; empty for nobody.",
        [OidcAuthority] = "The address of the OpenID Connect provider that people sign in with, such as https://id.example.org/realms/platform; "
            + "empty for the administrator with a password.",
        [OidcClientId] = "The client that Platform is at the provider. Its redirect address is https://{host}/auth/callback, and "
            + "https://{host}/auth/signed-out after signing out.",
        [OidcClientSecret] = "The secret of that client, which the provider gives when it is registered.",
        [PagerDutyKey] = "The integration key (Events API v2) of the PagerDuty service that critical alerts go to.",
        [PgAdminEmail] = "The e-mail address that pgAdmin is entered with.",
        [PgAdminPassword] = "The password that pgAdmin is entered with, fixed when its volume is first created.",
        [PostgresPassword] = "The password of PostgreSQL's superuser `postgres`, fixed when the database is first created.",
        [SearchKey] = "Meilisearch's master key, at least 16 characters.",
        [SiteUrl] = "The address that people reach Platform at, such as https://www.example.org: links in alerts lead there.",
        [SlackUrl] = "The incoming webhook of the Slack channel that alerts are told in.",
        [SmtpUrl] = "The mail server: smtp://user:password@host:port, or smtps://.",
        [StoragePassword] = "The password of the object store, at least 8 characters.",
        [StorageUser] = "The user of the object store.",
        [KeycloakPassword] = "The password of Keycloak's first administrator `admin`, fixed when its database is first created.",
        [KeycloakUrl] = "The public address of Keycloak: the edge's, and /keycloak, such as https://www.example.org/keycloak.",
        [TunnelToken] = "The token of a Cloudflare tunnel whose public host names lead to http://edge:8080.",
    };

    /// <summary>The names of all, in order.</summary>
    public static IEnumerable<string> Names => Descriptions.Keys.Order(StringComparer.Ordinal);

    /// <summary>What a parameter is for.</summary>
    public static string Description(string name) => Descriptions[name];

    /// <summary>Whether there is such a parameter; hyphens may be written as underscores, as environment variables need it.</summary>
    public static bool Contains(string name) => Descriptions.ContainsKey(name.Replace('_', '-'));
}
