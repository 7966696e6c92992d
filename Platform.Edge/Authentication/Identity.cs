using System.Security.Claims;

namespace Platform.Edge.Authentication;

/// <summary>What is known of a person who has signed in: the claims that a session keeps.</summary>
internal static class Identity
{
    public const string Administrator = "administrator";
    public const string Viewer = "viewer";

    private const string Subject = "sub";
    private const string NameClaim = "name";
    private const string EmailClaim = "email";
    private const string RoleClaim = "role";
    private const int Longest = 100;

    /// <param name="subject">Who it is, for good.</param>
    /// <param name="name">What the person is called by.</param>
    /// <param name="email">Null when it is not known.</param>
    /// <param name="role"><see cref="Administrator"/> or <see cref="Viewer"/>.</param>
    public static ClaimsPrincipal Create(string subject, string name, string? email, string role)
    {
        Claim[] claims = [new(Subject, Clean(subject)), new(NameClaim, Clean(name)), new(RoleClaim, role)];
        return new ClaimsPrincipal(new ClaimsIdentity(
            email is null ? claims : [.. claims, new(EmailClaim, Clean(email))], SessionAuthentication.SchemeName, NameClaim, RoleClaim));
    }

    extension(ClaimsPrincipal user)
    {
        public string Id => user.FindFirstValue(Subject)!;

        public string Name => user.FindFirstValue(NameClaim)!;

        public string? Email => user.FindFirstValue(EmailClaim);

        public string Role => user.FindFirstValue(RoleClaim)!;

        public bool IsAdministrator => user.IsInRole(Administrator);
    }

    /// <summary>What comes from elsewhere goes into headers and logs: one line of bounded length.</summary>
    private static string Clean(string value)
    {
        var visible = string.Concat(value.Where(character => !char.IsControl(character)));
        return visible.Length > Longest ? visible[..Longest] : visible;
    }
}
