using System.Net;
using System.Text;
using Platform.Edge.Limits;

namespace Platform.Edge.Authentication;

/// <summary>Who may sign in, and for how long: section <c>Authentication</c>.</summary>
internal sealed record SignInOptions
{
    public const string Section = "Authentication";

    /// <summary>The shortest password of the built-in administrator, in characters.</summary>
    public const int ShortestPassword = 12;

    // RFC 7518, 3.2: a key of HS256 has at least the size of its hash.
    private const int ShortestKey = 32;

    /// <summary>The account that there is where no provider is configured.</summary>
    public AdministratorOptions Administrator { get; init; } = new();

    /// <summary>The OpenID Connect provider.</summary>
    public OidcOptions Oidc { get; init; } = new();

    public SessionOptions Session { get; init; } = new();

    public LockoutOptions Lockout { get; init; } = new();

    /// <summary>
    /// What the tokens for the API are signed with, which the API knows as <c>Security:EdgeKey</c>; at least 32 bytes. Without it nobody's
    /// session opens the API.
    /// </summary>
    public string? ApiTokenKey { get; init; }

    /// <summary>What is wrong; null when nothing is.</summary>
    public string? Error() =>
        Oidc.Error()
        ?? (Administrator is { IsConfigured: true, Password.Length: < ShortestPassword }
            ? $"{Section}:Administrator:Password must have {ShortestPassword} characters or more."
            : null)
        ?? (ApiTokenKey is { Length: > 0 } && Encoding.UTF8.GetByteCount(ApiTokenKey) < ShortestKey
            ? $"{Section}:{nameof(ApiTokenKey)} must have {ShortestKey} bytes or more."
            : null)
        ?? (Session is { Idle.Ticks: > 0, Lifetime.Ticks: > 0, Count: > 0 } ? null : $"{Section}:Session: times and the count must be above 0.")
        ?? (Lockout is { Failures: > 0, FirstWait.Ticks: > 0, LongestWait.Ticks: > 0, Addresses: > 0, Account: { PerSecond: > 0, Burst: > 0 } }
            ? null
            : $"{Section}:Lockout: counts, times and rates must be above 0.");
}

/// <summary>The built-in administrator.</summary>
internal sealed record AdministratorOptions
{
    public string UserName { get; init; } = "admin";

    public string? Password { get; init; }

    public bool IsConfigured => !string.IsNullOrEmpty(UserName) && !string.IsNullOrEmpty(Password);
}

/// <summary>The OpenID Connect provider, and what its roles mean here.</summary>
internal sealed record OidcOptions
{
    /// <summary>The provider's issuer address, below which is <c>.well-known/openid-configuration</c>. Empty, there is no provider.</summary>
    public string? Authority { get; init; }

    public string? ClientId { get; init; }

    public string? ClientSecret { get; init; }

    /// <summary>The claim that holds the roles: its name, or a path to it such as <c>realm_access.roles</c>.</summary>
    public string RoleClaim { get; init; } = "roles";

    /// <summary>The role that makes an administrator.</summary>
    public string AdministratorRole { get; init; } = "platform-admin";

    /// <summary>The role of who may look, and change nothing.</summary>
    public string ViewerRole { get; init; } = "platform-viewer";

    /// <summary>What is asked for, separated by spaces.</summary>
    public string Scopes { get; init; } = "openid profile email";

    public bool IsConfigured => !string.IsNullOrWhiteSpace(Authority);

    /// <summary>What is wrong; null when nothing is.</summary>
    public string? Error()
    {
        if (!IsConfigured)
        {
            return null;
        }

        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var authority) || !IsConfidential(authority))
        {
            return $"{SignInOptions.Section}:Oidc:{nameof(Authority)} must be an https address, or http of this machine or network.";
        }

        return string.IsNullOrWhiteSpace(ClientId) ? $"{SignInOptions.Section}:Oidc:{nameof(ClientId)} is missing." : null;
    }

    /// <summary>https, or http that does not leave this machine, or the private network in which a name has no dots.</summary>
    private static bool IsConfidential(Uri authority) =>
        authority.Scheme == Uri.UriSchemeHttps
        || (authority.Scheme == Uri.UriSchemeHttp && (authority.IsLoopback || IsShortName(authority)));

    private static bool IsShortName(Uri address) =>
        !address.Host.Contains('.', StringComparison.Ordinal) && !IPAddress.TryParse(address.DnsSafeHost, out _);
}

/// <summary>How long a session lasts.</summary>
internal sealed record SessionOptions
{
    /// <summary>Time without a request after which a session has ended.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Time after which every session has ended.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Sessions at one time at most; the ones that were not used for longest make room.</summary>
    public int Count { get; init; } = 10_000;
}

/// <summary>What wrong passwords lead to.</summary>
internal sealed record LockoutOptions
{
    /// <summary>Wrong passwords in a row after which an address has to wait.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>How long it waits at first; twice as long after every further one.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it waits at most.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Addresses that are remembered at most.</summary>
    public int Addresses { get; init; } = 65_536;

    /// <summary>
    /// Attempts from all addresses together, which no number of addresses gets beyond. One address is made to wait long before it could use
    /// all of them, so that it alone does not keep the owner out.
    /// </summary>
    public Rate Account { get; init; } = new(0.5, 60);
}
