using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Platform.Tests.Browser;

internal static class PageExtensions
{
    private const float Milliseconds = 30_000;

    /// <summary>Waits until the page's address begins with a path.</summary>
    /// <remarks><c>IPage.WaitForURLAsync</c> looks at the address and then waits for the next navigation: of one that ends in between, on another
    /// thread, it never hears. This one asks again.</remarks>
    /// <param name="page">Whose address it is.</param>
    /// <param name="path">Below the host; what follows it does not matter.</param>
    public static Task ArriveAsync(this IPage page, string path) =>
        Assertions.Expect(page).ToHaveURLAsync(new Regex("^https?://[^/]+" + Regex.Escape(path)), new() { Timeout = Milliseconds });
}
