using System.Text;
using FsCheck;
using FsCheck.Xunit;
using Microsoft.AspNetCore.Http;
using Platform.Edge.Security;
using Platform.Edge.Site;

namespace Platform.Tests.Unit.Edge;

public sealed class PageTests
{
    [Property]
    public bool Nothing_that_is_put_into_a_page_can_become_markup(NonNull<string> title, NonNull<string> detail)
    {
        var page = new Page("<title>{{title}}</title><p>{{detail}}</p>");

        var html = Serve(page, new PageValues { Title = title.Get, Detail = detail.Get });

        return html.Count(character => character == '<') == 4;
    }

    [Fact]
    public void A_placeholder_that_nobody_fills_stops_the_start() => Assert.Throws<FormatException>(() => new Page("<p>{{nonsense}}</p>"));

    [Fact]
    public void The_nonce_in_the_page_is_the_one_of_its_request()
    {
        var context = Context();

        var html = Serve(new Page("<script nonce=\"{{nonce}}\">"), default, context);

        Assert.Equal($"<script nonce=\"{context.Features.Get<PageNonce>()!.Value}\">", html);
    }

    private static DefaultHttpContext Context() => new() { Response = { Body = new MemoryStream() } };

    private static string Serve(Page page, PageValues values, DefaultHttpContext? context = null)
    {
        context ??= Context();
        page.WriteAsync(context, values).GetAwaiter().GetResult();
        var body = ((MemoryStream)context.Response.Body).ToArray();
        Assert.Equal(context.Response.ContentLength, body.Length);
        return Encoding.UTF8.GetString(body);
    }
}
