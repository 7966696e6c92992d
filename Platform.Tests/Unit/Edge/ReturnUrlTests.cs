using System.Text.Json;
using FsCheck.Xunit;
using Platform.Edge.Authentication;

namespace Platform.Tests.Unit.Edge;

/// <summary>Where a person may be sent after signing in, and which roles a provider's claims tell of.</summary>
public sealed class ReturnUrlTests
{
    private static readonly Uri Edge = new("https://edge.example");

    private static readonly string[] Pieces =
    [
        "/", "//", "\\", ".", "..", "%2f", "%5c", "%2e", "%09", "%0d%0a", "https:", "javascript:", "evil.example", "@", "?", "#", ":", "\t", "\n",
        "\0", " ", "a", "ü", "\u2028", "%", ";", "auth", "sign-in", "&", "=",
    ];

    [Theory]
    [InlineData("/console/", "/console/")]
    [InlineData("/contacts?q=a%20b&status=new#x", "/contacts?q=a%20b&status=new#x")]
    [InlineData("/contacts?q=Jürgen", "/contacts?q=J%C3%BCrgen")]
    [InlineData("/contacts?next=//evil.example", "/contacts?next=//evil.example")]
    [InlineData("/authors", "/authors")]
    public void A_path_of_this_site_is_gone_to(string wanted, string expected) => Assert.Equal(expected, ReturnUrl.Local(wanted));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("contacts")]
    [InlineData("//evil.example")]
    [InlineData("///evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("\\/evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("/./\\evil.example")]
    [InlineData("/.//evil.example")]
    [InlineData("/..//evil.example")]
    [InlineData("/a/..//evil.example")]
    [InlineData("/%2e//evil.example")]
    [InlineData("/%2f/evil.example")]
    [InlineData("/%2fevil.example")]
    [InlineData("/%5cevil.example")]
    [InlineData("/\tevil.example")]
    [InlineData("/\t/evil.example")]
    [InlineData("/%09/evil.example")]
    [InlineData("/\r\nSet-Cookie:x")]
    [InlineData("/%0d%0aSet-Cookie:x")]
    [InlineData("https://evil.example")]
    [InlineData("https:/evil.example")]
    [InlineData("https:evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("@evil.example")]
    [InlineData(" /console/")]
    [InlineData("/auth/sign-in?return=/auth/sign-in")]
    [InlineData("/AUTH/sign-out")]
    [InlineData("/a/../auth/sign-out")]
    public void Anything_else_leads_to_the_console(string? wanted) => Assert.Equal(ReturnUrl.Default, ReturnUrl.Local(wanted));

    [Fact]
    public void An_address_that_is_too_long_leads_to_the_console() =>
        Assert.Equal(ReturnUrl.Default, ReturnUrl.Local("/" + new string('a', 3000)));

    [Property(MaxTest = 2000)]
    public void Whatever_is_wanted_it_is_a_path_of_this_site(byte[] pieces)
    {
        var text = string.Concat(pieces.Select(piece => Pieces[piece % Pieces.Length]));
        foreach (var wanted in (string[])[text, "/" + text])
        {
            var local = ReturnUrl.Local(wanted);

            Assert.StartsWith("/", local, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"^/[/\\]|[\\\p{C}\s]|[^\x21-\x7e]", local);
            Assert.Equal(Edge.Authority, new Uri(Edge, local).Authority);
        }
    }

    [Theory]
    [InlineData("""{"roles":["a","b"]}""", "roles", "a,b")]
    [InlineData("""{"roles":"a"}""", "roles", "a")]
    [InlineData("""{"realm_access":{"roles":["a"]}}""", "realm_access.roles", "a")]
    [InlineData("""{"https://example.org/roles":["a"]}""", "https://example.org/roles", "a")]
    [InlineData("""{"resource_access":{"platform":{"roles":["a"]}}}""", "resource_access.platform.roles", "a")]
    [InlineData("""{"roles":[1,null,{},"a"]}""", "roles", "a")]
    [InlineData("""{"roles":7}""", "roles", "")]
    [InlineData("""{"realm_access":"roles"}""", "realm_access.roles", "")]
    [InlineData("{}", "roles", "")]
    public void Roles_are_in_a_claim_or_inside_one(string claims, string path, string expected)
    {
        using var document = JsonDocument.Parse(claims);
        Assert.Equal(expected, string.Join(',', ProviderEvents.RolesIn(document.RootElement, path)));
    }
}
