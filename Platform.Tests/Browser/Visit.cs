using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Platform.Tests.Browser;

/// <summary>A page in a browser context of its own, and what the browser complained of since.</summary>
internal sealed class Visit : IAsyncDisposable
{
    private const string Contrast = """
        () => {
          const parse = (color) => { const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number); return { r, g, b, a }; };
          const luminance = ({ r, g, b }) => {
            const [x, y, z] = [r, g, b].map((value) => value / 255).map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
            return 0.2126 * x + 0.7152 * y + 0.0722 * z;
          };
          const background = (element) => {
            for (let at = element; at; at = at.parentElement) {
              const color = parse(getComputedStyle(at).backgroundColor);
              if (color.a === 1) return color;
            }
            return { r: 255, g: 255, b: 255 };
          };
          const found = [];
          for (const element of document.querySelectorAll('body *')) {
            const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
            if (!text || !element.checkVisibility() || element.closest('svg, noscript, [aria-hidden=true]')) continue;
            const style = getComputedStyle(element);
            const [high, low] = [luminance(parse(style.color)), luminance(background(element))].sort((a, b) => b - a);
            const ratio = (high + 0.05) / (low + 0.05);
            const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && parseInt(style.fontWeight) >= 700);
            if (ratio < (large ? 3 : 4.5)) found.push(`${element.tagName}.${element.className}: ${ratio.toFixed(2)} "${element.textContent.trim().slice(0, 40)}"`);
          }
          return found;
        }
        """;

    private static readonly string? Screenshots = Environment.GetEnvironmentVariable("PLATFORM_TEST_SCREENSHOTS");

    private readonly List<string> _complaints = [];

    public Visit(IPage page)
    {
        Page = page;
        page.PageError += (_, error) => _complaints.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _complaints.Add(message.Text);
            }
        };
    }

    public IPage Page { get; }

    public IReadOnlyList<string> Complaints => _complaints;

    /// <summary>It fits, its texts have contrast, and axe finds nothing serious.</summary>
    public async Task AssertReadableAsync(string name)
    {
        await ScreenshotAsync(name);
        var overflow = await OverflowAsync();
        Assert.True(overflow <= 0, $"{name} is {overflow} pixels too wide.");
        var contrasts = await LowContrastsAsync();
        Assert.True(contrasts.Length == 0, $"{name}: {string.Join('\n', contrasts)}");
        var barriers = await BarriersAsync();
        Assert.True(barriers.Length == 0, $"{name}: {string.Join('\n', barriers)}");
    }

    /// <summary>How many pixels the page is wider than the window; 0 or less when it fits.</summary>
    public Task<int> OverflowAsync() => Page.EvaluateAsync<int>("document.documentElement.scrollWidth - window.innerWidth");

    /// <summary>Every visible text whose contrast with the nearest background is below WCAG 2.2 AA.</summary>
    public Task<string[]> LowContrastsAsync() => Page.EvaluateAsync<string[]>(Contrast);

    /// <summary>What axe finds that keeps somebody from using the page, or makes it hard.</summary>
    public async Task<string[]> BarriersAsync() =>
    [
        .. (await Page.RunAxe()).Violations.Where(violation => violation.Impact is "serious" or "critical")
            .Select(violation => $"{violation.Id}: {string.Join(" | ", violation.Nodes.Select(node => node.Html))}"),
    ];

    /// <summary>Kept in the folder PLATFORM_TEST_SCREENSHOTS, when there is one.</summary>
    public async Task ScreenshotAsync(string name)
    {
        if (Screenshots is not null)
        {
            await Page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"{name.Replace('/', '-')}.png"), FullPage = true });
        }
    }

    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();
}
